//! Programs of every kind of statement that can bind, read or let go of a name, by a seed.
//!
//! Invariant: the same seed gives the same program; a program is Python 3.10, but for a jump now and then that Python
//! refuses where it stands.

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// How deep blocks are nested at most.
const DEEPEST: usize = 4;

/// Where a statement stands.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each says what may stand there")]
struct At {
    depth: usize,
    in_loop: bool,
    in_function: bool,
    is_async: bool,
    is_generator: bool,
}

/// The program of a seed.
pub(crate) fn write(seed: u64) -> String {
    let mut writer = Writer { state: seed | 1, text: String::new(), functions: Vec::new(), made: 0 };
    for name in NAMES {
        if writer.chance(80) {
            writer.line(0, &format!("{name} = new()"));
        }
    }
    let at = At { depth: 0, in_loop: false, in_function: false, is_async: false, is_generator: false };
    writer.block(at, 6);
    writer.text
}

struct Writer {
    state: u64,
    text: String,
    /// Calls of functions that are defined by now, as statements.
    functions: Vec<String>,
    made: usize,
}

impl Writer {
    fn below(&mut self, count: usize) -> usize {
        // The 64-bit generator of Marsaglia.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 32) as usize % count
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.text.extend(["    ".repeat(depth).as_str(), text, "\n"]);
    }

    /// `use(a, "a")`
    fn call(&mut self, function: &str) -> String {
        let name = self.name();
        format!("{function}({name}, \"{name}\")")
    }

    fn block(&mut self, at: At, most: usize) {
        for _ in 0..=self.below(most) {
            if self.chance(40) {
                self.line(at.depth, "mark()");
            }
            self.statement(at);
        }
    }

    fn inner(&mut self, at: At) {
        self.block(At { depth: at.depth + 1, ..at }, 2);
    }

    fn statement(&mut self, at: At) {
        let deep = at.depth >= DEEPEST;
        match self.below(if deep { 22 } else { 38 }) {
            0..=2 => {
                let name = self.name();
                self.line(at.depth, &format!("{name} = new()"));
            }
            3..=6 => {
                let read = self.call("use");
                self.line(at.depth, &read);
            }
            7 => {
                let name = self.name();
                self.line(at.depth, &format!("{name} += \"{name}\""));
            }
            8 => {
                let name = self.name();
                self.line(at.depth, &format!("del {name}"));
            }
            9 => self.line(at.depth, "risky()"),
            10..=13 => {
                let expression = self.expression(at);
                self.line(at.depth, &expression);
            }
            14 => {
                let (test, said) = (self.expression(at), self.call("use"));
                self.line(at.depth, &format!("assert maybe() or {test}, {said}"));
            }
            15 => self.line(at.depth, "run()"),
            16 => {
                let (one, other) = (self.name(), self.name());
                self.line(at.depth, &format!("{one}, *{other} = new(), new(), new()"));
            }
            17 | 18 => self.jump(at),
            19..=21 => {
                let called = self.below(self.functions.len() + 1);
                let call = self.functions.get(called).cloned().unwrap_or_else(|| self.call("use"));
                self.line(at.depth, &call);
            }
            22..=24 => self.branch(at),
            25..=28 => self.repeat(at),
            29..=31 => self.attempt(at),
            32 => {
                let name = self.name();
                let is_async = at.is_async && self.chance(50);
                let header = if is_async { "async with async_hold()" } else { "with hold(), hold()" };
                self.line(at.depth, &format!("{header} as {name}:"));
                self.inner(at);
            }
            33 | 34 => self.matching(at),
            35 => {
                let name = self.name();
                self.made += 1;
                let class = format!("C{}", self.made);
                self.line(at.depth, &format!("class {class}:"));
                let read = self.call("use");
                self.line(at.depth + 1, &read);
                if self.chance(50) {
                    self.line(at.depth + 1, &format!("{name} = new()"));
                }
                self.line(at.depth + 1, "def method(self):");
                let read = self.call("use");
                self.line(at.depth + 2, &read);
                self.line(at.depth, &format!("keep({class}().method)"));
            }
            _ => self.function(at),
        }
    }

    fn expression(&mut self, at: At) -> String {
        let (one, other) = (self.call("test"), self.call("use"));
        let name = self.name();
        match self.below(if at.is_async { 13 } else { 12 }) {
            0 => format!("maybe() and {one} or {other}"),
            1 => format!("{other} if {one} else maybe()"),
            2 => format!("test({name} := new(), \"{name}\")"),
            3 => format!("[{one} for i in values() if {other}]"),
            4 => format!("{{i: {one} for i in values() for j in values()}}"),
            5 => format!("sum({one} for i in values())"),
            6 => format!("keep(lambda: {other})"),
            7 => format!("keep({other} for i in values())"),
            // Quotes of another kind: before 3.12 an f-string cannot hold its own.
            8 => format!("f\"{{{}}}{{maybe()!r:>{{len('x')}}}}\"", other.replace('"', "'")),
            9 => format!("maybe() < {one} < {one}"),
            10 => format!("[test({name}, \"{name}\") for {name} in values()]"),
            11 => format!("not [risky(), {other}]"),
            _ => format!("await tick({name}, \"{name}\")"),
        }
    }

    fn jump(&mut self, at: At) {
        let mut jumps = vec!["raise TroubleError"];
        if at.in_loop {
            jumps.extend(["break", "continue", "break", "continue"]);
        }
        if at.in_function {
            jumps.extend(["return", "return"]);
        }
        let jump = jumps[self.below(jumps.len())];
        // Else what stands behind it would never run.
        if self.chance(80) {
            self.line(at.depth, "if maybe():");
            self.line(at.depth + 1, jump);
        } else {
            self.line(at.depth, jump);
        }
        if at.is_generator && self.chance(50) {
            let read = self.call("use");
            self.line(at.depth, &format!("yield {read}"));
        }
    }

    fn branch(&mut self, at: At) {
        let test = self.call("test");
        self.line(at.depth, &format!("if {test}:"));
        self.inner(at);
        if self.chance(30) {
            let test = self.expression(at);
            self.line(at.depth, &format!("elif {test}:"));
            self.inner(at);
        }
        if self.chance(50) {
            self.line(at.depth, "else:");
            self.inner(at);
        }
    }

    fn repeat(&mut self, at: At) {
        let name = self.name();
        let header = match self.below(6) {
            0 => format!("while {}:", self.call("test")),
            1 => "while True:".to_owned(),
            2 if at.is_async => format!("async for {name} in async_values():"),
            3 => "for _ in values():".to_owned(),
            4 => format!("for {name} in [i for i in values() if maybe()]:"),
            _ => format!("for {name} in values():"),
        };
        self.line(at.depth, &header);
        // What never ends calls a helper in each turn, which ends it.
        self.line(at.depth + 1, "mark()");
        self.inner(At { in_loop: true, ..at });
        if self.chance(25) {
            self.line(at.depth, "else:");
            self.inner(at);
        }
    }

    fn attempt(&mut self, at: At) {
        self.line(at.depth, "try:");
        self.inner(at);
        let has_handler = self.chance(70);
        if has_handler {
            let name = self.name();
            match self.below(4) {
                0 => self.line(at.depth, "except TroubleError:"),
                1 => {
                    self.line(at.depth, &format!("except TroubleError as {name}:"));
                    self.inner(at);
                    self.line(at.depth, "except (NameError, AssertionError):");
                }
                2 => self.line(at.depth, &format!("except Exception as {name}:")),
                _ => self.line(at.depth, &format!("except TroubleError as {name}:")),
            }
            self.inner(at);
            if self.chance(30) {
                self.line(at.depth, "else:");
                self.inner(at);
            }
        }
        if !has_handler || self.chance(40) {
            self.line(at.depth, "finally:");
            self.inner(at);
        }
    }

    fn matching(&mut self, at: At) {
        self.line(at.depth, "match pick():");
        let (one, other) = (self.name(), self.name());
        let mut patterns = vec![format!("{{\"k\": {one}}}"), "7 | 8".to_owned()];
        patterns.push(if one == other { format!("[{one}, *_]") } else { format!("[{one}, *{other}]") });
        patterns.push(format!("[{one}, _] | {{\"k\": {one}}} if {}", self.call("test")));
        for _ in 0..=self.below(3) {
            let pattern = patterns[self.below(patterns.len())].clone();
            self.line(at.depth + 1, &format!("case {pattern}:"));
            self.inner(At { depth: at.depth + 1, ..at });
        }
        if self.chance(40) {
            self.line(at.depth + 1, &format!("case {one}:"));
            self.inner(At { depth: at.depth + 1, ..at });
        }
    }

    fn function(&mut self, at: At) {
        self.made += 1;
        let name = format!("f{}", self.made);
        let kind = self.below(6);
        let (is_async, is_generator) = (kind == 0, kind == 1);
        if self.chance(15) {
            self.line(at.depth, "@passed");
        }
        let default = if self.chance(20) { format!("x={}", self.call("use")) } else { String::new() };
        let keyword = if is_async { "async def" } else { "def" };
        let parameter = if default.is_empty() && self.chance(20) { self.name() } else { "" };
        self.line(at.depth, &format!("{keyword} {name}({parameter}{default}):"));
        let depth = at.depth + 1;
        let mut bound = Vec::new();
        for known in NAMES {
            if known == parameter {
                continue;
            }
            match self.below(10) {
                0 => self.line(depth, &format!("global {known}")),
                // Python refuses it where no function around binds the name, which is seldom.
                1 if at.in_function && self.chance(30) => self.line(depth, &format!("nonlocal {known}")),
                2..=5 => bound.push(known),
                _ => {}
            }
        }
        for known in bound {
            self.line(depth, &format!("{known} = new()"));
        }
        if is_generator {
            self.line(depth, "yield");
        }
        let outer = self.functions.clone();
        self.block(At { depth, in_loop: false, in_function: true, is_async, is_generator }, 4);
        // What was defined in there is no name out here.
        self.functions = outer;
        let argument = if parameter.is_empty() { "" } else { "new()" };
        let call = format!("{name}({argument})");
        let call = match kind {
            0 => format!("drive({call})"),
            1 => format!("for _ in {call}: pass"),
            _ => call,
        };
        match self.below(4) {
            0 if kind == 1 => self.line(at.depth, &format!("keep({name}({argument}))")),
            0 if argument.is_empty() && kind > 1 => self.line(at.depth, &format!("keep({name})")),
            _ => {}
        }
        self.functions.push(call.clone());
        if self.chance(60) {
            self.line(at.depth, &call);
        }
    }
}

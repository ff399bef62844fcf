//! Where names stand: globals of the user's modules, class attributes, closures, caches, locals of all frames; and the
//! values that frames are at work on, which have no name yet.

use heapwise_capture::inspection::{Call, Holder, HolderKind};
use heapwise_capture::origin::{Origin, origin};
use heapwise_cpython::objects::{Address, Builtin, Live, LocalKind, RunningFrame};
use rustc_hash::FxHashSet;

use crate::LIBRARIES;

/// Values without a name that are looked at, at most.
const MOST_UNNAMED: usize = 2000;
/// What a loop goes through stands under this.
const VALUES_OF_LOOP: &str = "values of the loop";

/// A name and the object that it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) holder: Holder,
    pub(crate) object: Address,
}

/// Modules that are no user's, as earlier looks found, by the address of their key in the table of modules and their own:
/// with pandas there are a thousand, and to look at each takes longer than all the rest.
#[derive(Debug, Default)]
pub(crate) struct Libraries {
    known: FxHashSet<(Address, Address)>,
    /// How many modules there were. With fewer, an address may be another module's now.
    modules: usize,
}

/// A module that is looked at.
#[derive(Debug, Clone)]
struct Module {
    name: String,
    dict: Address,
    known_as: (Address, Address),
}

/// All names, and what the walk does not go into.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    pub(crate) names: Vec<Name>,
    /// Those from here on are values without a name.
    pub(crate) unnamed: usize,
    /// `__dict__`s of modules, frames that run, the table of modules.
    pub(crate) borders: FxHashSet<Address>,
    /// Libraries whose versions are told, by name, with their `__dict__`.
    pub(crate) libraries: Vec<(String, Address)>,
}

impl Roots {
    /// Finds them.
    pub(crate) fn find(live: Live<'_>, libraries: &mut Libraries) -> Self {
        let mut roots = Self::default();
        let mut classes = FxHashSet::default();
        for Module { name, dict, known_as } in roots.find_modules(live, libraries) {
            if let Some(file) = user_file(live, &name, dict) {
                roots.add_globals(live, &name, &file, dict, &mut classes);
            } else if LIBRARIES.contains(&name.as_str()) {
                roots.libraries.push((name, dict));
            } else {
                libraries.known.insert(known_as);
            }
        }
        let mut frames = Vec::new();
        let mut iterated = Vec::new();
        for thread in live.threads() {
            // The outermost first, so that what has several names has that of the one who passed it on.
            let mut call = None;
            for frame in thread.frames.iter().rev() {
                roots.borders.insert(frame.object);
                // A namespace that no module has: code that was run by `exec`.
                if roots.borders.insert(frame.globals) {
                    let (file, _, _) = live.code_place(frame.frame.code);
                    roots.add_globals(live, "__main__", &file, frame.globals, &mut classes);
                }
                let holder = frame_holder(live, frame, thread.native_id, &mut call);
                roots.add_frame(live, frame, &holder, &mut iterated);
                frames.push((*frame, holder));
            }
        }
        roots.add_figures(live);
        roots.borders.remove(&0);
        roots.leave_out_aliases();
        roots.unnamed = roots.names.len();
        roots.names.extend(iterated);
        roots.add_unnamed(live, &frames);
        roots
    }

    /// The values that frames are at work on: results that are not assigned yet, arguments of a function of C, what a
    /// loop goes through.
    fn add_unnamed(&mut self, live: Live<'_>, frames: &[(RunningFrame, Holder)]) {
        let mut seen: FxHashSet<Address> = self.names.iter().map(|name| name.object).collect();
        let mut looked = 0;
        for (frame, holder) in frames {
            for object in live.stack_words(frame) {
                looked += 1;
                if looked > MOST_UNNAMED {
                    return;
                }
                if object == 0 || !seen.insert(object) {
                    continue;
                }
                let kind = live.c_name(live.type_of(object));
                let text = if kind.ends_with("iterator") { VALUES_OF_LOOP } else { "result being made" };
                let holder = Holder { kind: HolderKind::Stack, ..holder.clone() };
                self.names.push(Name { text: text.into(), holder, object });
            }
        }
    }

    /// What a user's name stands for is that name's: a parameter of a library's function is the same thing for the moment
    /// of the call and holds nothing of its own.
    fn leave_out_aliases(&mut self) {
        // At its end a script's namespace has lost the name of its file.
        let of_user = |name: &Name| name.holder.file.is_empty() || origin(&name.holder.file) == Origin::User;
        let own: FxHashSet<Address> =
            self.names.iter().filter(|name| of_user(name)).map(|name| name.object).collect();
        self.names.retain(|name| of_user(name) || !own.contains(&name.object));
    }

    /// The modules that may be a user's, or whose version is told.
    fn find_modules(&mut self, live: Live<'_>, libraries: &mut Libraries) -> Vec<Module> {
        let table = live.module_table();
        self.borders.insert(table);
        let count = live.dict_length(table);
        if count < libraries.modules {
            libraries.known.clear();
        }
        libraries.modules = count;
        let mut modules = Vec::new();
        let mut position = 0;
        while let Some((key, module, next)) = live.dict_next(table, position) {
            position = next;
            if live.is_string(key)
                && let Some(dict) = live.module_dict(module)
                // A module may be there under two names.
                && self.borders.insert(dict)
                && !libraries.known.contains(&(key, module))
            {
                modules.push(Module { name: live.text(key, 200), dict, known_as: (key, module) });
            }
        }
        modules
    }

    /// The figures that pyplot keeps until they are closed: the one registry of a library's that fills by forgetting.
    fn add_figures(&mut self, live: Live<'_>) {
        const MODULE: &str = "matplotlib._pylab_helpers";
        let figures = live.module(MODULE).and_then(|namespace| {
            let registry = live.dict_get(namespace, "Gcf")?;
            let dict = if is_class(live, live.type_of(registry)) { live.type_dict(registry) } else { 0 };
            if dict == 0 { None } else { live.dict_get(dict, "figs") }
        });
        if let Some(object) = figures {
            let holder =
                Holder { kind: HolderKind::ClassAttribute, module: MODULE.into(), ..Holder::default() };
            self.names.push(Name { text: "open figures of pyplot".into(), holder, object });
        }
    }

    fn add_globals(
        &mut self,
        live: Live<'_>,
        module: &str,
        file: &str,
        dict: Address,
        classes: &mut FxHashSet<Address>,
    ) {
        let main = module == "__main__" || module == "__mp_main__";
        let prefix = if main { String::new() } else { format!("{module}.") };
        let holder = Holder { file: file.to_owned(), module: module.to_owned(), ..Holder::default() };
        let mut position = 0;
        while let Some((key, value, next)) = live.dict_next(dict, position) {
            position = next;
            if !live.is_string(key) {
                continue;
            }
            let key = live.text(key, 200);
            let dunder = key.starts_with("__") && key.ends_with("__");
            if !dunder {
                self.add(live, format!("{prefix}{key}"), &holder, value, module, classes);
            }
        }
    }

    /// A global or class attribute: what kind of holder it is depends on what it is.
    fn add(
        &mut self,
        live: Live<'_>,
        text: String,
        holder: &Holder,
        value: Address,
        module: &str,
        classes: &mut FxHashSet<Address>,
    ) {
        let kind = live.type_of(value);
        match live.builtin(kind) {
            Some(Builtin::Module | Builtin::Constant | Builtin::NativeFunction | Builtin::Descriptor) => {}
            Some(Builtin::Function) => self.add_function(live, holder, value, &text),
            Some(Builtin::Type) => self.add_class(live, holder, value, module, classes),
            _ if is_class(live, kind) => self.add_class(live, holder, value, module, classes),
            _ => {
                let mut holder = holder.clone();
                let cached = live.c_name(kind) == "functools._lru_cache_wrapper";
                if cached {
                    holder.kind = HolderKind::Cache;
                    // Where the function that is cached is defined, with its decorator.
                    let function: Address = live.read(value, crate::facts::CACHED_FUNCTION);
                    if function != 0 && live.builtin(live.type_of(function)) == Some(Builtin::Function) {
                        let (file, qualified, first_line) = live.code_place(live.function_code(function));
                        (holder.file, holder.function, holder.first_line) = (file, qualified, first_line);
                    }
                }
                self.names.push(Name { text, holder, object: value });
            }
        }
    }

    /// The attributes of a class of this module, and of the classes inside it.
    fn add_class(
        &mut self,
        live: Live<'_>,
        holder: &Holder,
        class: Address,
        module: &str,
        classes: &mut FxHashSet<Address>,
    ) {
        if !live.type_fields(class).is_heap_type || !classes.insert(class) {
            return;
        }
        let (of_module, qualified) = live.type_name(class);
        if of_module != module {
            classes.remove(&class);
            return;
        }
        let holder = Holder {
            kind: HolderKind::ClassAttribute,
            function: qualified.clone(),
            first_line: 0,
            ..holder.clone()
        };
        let dict = live.type_dict(class);
        let mut position = 0;
        while dict != 0
            && let Some((key, value, next)) = live.dict_next(dict, position)
        {
            position = next;
            if live.is_string(key) {
                let key = live.text(key, 200);
                if !(key.starts_with("__") && key.ends_with("__")) {
                    self.add(live, format!("{qualified}.{key}"), &holder, value, module, classes);
                }
            }
        }
    }

    /// What a function holds: the variables of its closure, its defaults and attributes.
    fn add_function(&mut self, live: Live<'_>, holder: &Holder, function: Address, text: &str) {
        let (file, qualified, first_line) = live.code_place(live.function_code(function));
        let holder = Holder {
            kind: HolderKind::Closure,
            file,
            function: qualified,
            first_line,
            module: holder.module.clone(),
            ..Holder::default()
        };
        for (name, cell) in live.closure(function) {
            if cell != 0 {
                let text = format!("{text}.{name}");
                self.names.push(Name { text, holder: holder.clone(), object: cell });
            }
        }
        for part in live.function_parts(function).into_iter().skip(1) {
            if part != 0 {
                let text = format!("{text}.__defaults__");
                self.names.push(Name { text, holder: holder.clone(), object: part });
            }
        }
    }

    /// Of what a comprehension or generator expression runs through, the name is the compiler's: `iterated` takes it.
    fn add_frame(&mut self, live: Live<'_>, frame: &RunningFrame, holder: &Holder, iterated: &mut Vec<Name>) {
        if frame.locals != 0 && !self.borders.contains(&frame.locals) {
            // The body of a class, or code run with a namespace of its own.
            if live.builtin(live.type_of(frame.locals)) == Some(Builtin::Dict) {
                let mut position = 0;
                while let Some((key, value, next)) = live.dict_next(frame.locals, position) {
                    position = next;
                    if live.is_string(key) {
                        let text = live.text(key, 200);
                        self.names.push(Name { text, holder: holder.clone(), object: value });
                    }
                }
            }
        }
        for variable in live.variables(frame) {
            let mut holder = holder.clone();
            if variable.kind == LocalKind::Free {
                holder.kind = HolderKind::Closure;
            }
            if variable.name.starts_with('.') {
                holder.kind = HolderKind::Stack;
                iterated.push(Name { text: VALUES_OF_LOOP.into(), holder, object: variable.value });
            } else {
                self.names.push(Name { text: variable.name, holder, object: variable.value });
            }
        }
    }
}

/// Where the variables of a frame stand. `call` is the line of the user's that the frame was called from, and is set to the
/// frame's own if it is the user's.
fn frame_holder(objects: Live<'_>, running: &RunningFrame, thread: u32, call: &mut Option<Call>) -> Holder {
    let (file, function, first_line) = objects.code_place(running.frame.code);
    let line = objects.line(running.frame);
    let of_user = origin(&file) == Origin::User;
    if of_user {
        *call = Some(Call { file: file.clone(), function: function.clone(), line });
    }
    Holder {
        kind: HolderKind::Local,
        file,
        function,
        first_line,
        line,
        thread,
        called_from: if of_user { None } else { call.clone() },
        ..Holder::default()
    }
}

/// The file of a module that the user wrote; empty if it has none, as an interactive one.
fn user_file(live: Live<'_>, name: &str, dict: Address) -> Option<String> {
    let main = name == "__main__" || name == "__mp_main__";
    match live.dict_get(dict, "__file__").filter(|&file| live.is_string(file)) {
        Some(file) => {
            let file = live.text(file, 4096);
            (main
                || origin(&file) == Origin::User
                    && std::path::Path::new(&file).extension().is_none_or(|kind| kind != "so"))
            .then_some(file)
        }
        // A script that has run to its end has lost `__file__`, and its loader still knows the path.
        None => main.then(|| {
            let loader = live.dict_get(dict, "__loader__");
            let attributes = loader.map(|loader| live.attributes(loader, 20)).unwrap_or_default();
            let path = attributes.into_iter().find(|attribute| attribute.name == "path");
            path.filter(|path| path.value != 0 && live.is_string(path.value))
                .map_or_else(String::new, |path| live.text(path.value, 4096))
        }),
    }
}

/// Whether objects of a type are classes.
pub(crate) fn is_class(live: Live<'_>, mut kind: Address) -> bool {
    while kind != 0 {
        if live.builtin(kind) == Some(Builtin::Type) {
            return true;
        }
        kind = live.type_fields(kind).base;
    }
    false
}

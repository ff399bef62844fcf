"""The header of a target program: how it is run, what it needs, and what a report on it must say.

Invariant: the format is strict. Every comment line between the docstring and the first statement is one of the keys
below; an unknown key, metric, name or marker is an error, and so is a marker that nothing refers to. The format is
described for people in tests/README.md.

    # run: script [ARG ...] | module NAME [ARG ...] | directory [ARG ...]
    # needs: native NAME | import NAME
    # files: FILE ...
    # let: NAME = EXPRESSION
    # expect: peak_heap_bytes ~ EXPRESSION [.. EXPRESSION] [within TOLERANCE]
    # expect: line MARKER self ~ EXPRESSION                also: total, allocated, allocations, leaked
    # expect: line "FILE NAME":LINE self < 1%              relations: ~ < >
    # expect: line MARKER in FUNCTION
    # expect: function NAME total ~ EXPRESSION             also: self
    # expect: object NAME bytes ~ EXPRESSION               also: alone (what nothing else holds); within 2 % by default
    # expect: object NAME made MARKER                      the line that most of it was allocated at
    # expect: object NAME is TYPE
    # expect: exit code 3                                  also: exit signal SIGKILL
    # expect: stdout "text\\n"
    # expect[exact, 3.12+]: ...                            also: [sampled], [3.10], [3.10-3.11]; works for let too
"""

from __future__ import annotations

import ast
import re
import shlex
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NoReturn

from object_sizes import NO_SIZES, Expression, ExpressionError

Mode = Literal["exact", "sampled"]
Version = tuple[int, int]
Metric = Literal["self", "total", "allocated", "allocations", "leaked"]
Relation = Literal["~", "<", ">"]

MODES: Final[tuple[Mode, ...]] = ("exact", "sampled")


class HeaderError(ValueError):
    """A header breaks the format; the text names the file, the line and the fault."""


@dataclass(frozen=True)
class Condition:
    """When a line of a header counts; the default is always."""

    mode: Mode | None = None
    oldest: Version = (3, 0)
    newest: Version = (3, 999)

    def holds(self, mode: Mode, version: Version) -> bool:
        """Whether the line counts for a run in `mode` on CPython `version`."""
        return self.mode in (None, mode) and self.oldest <= version <= self.newest


@dataclass(frozen=True)
class Place:
    """A source line: a marker of the program, or a file name as the code object has it and a line number."""

    marker: str | None
    file: str
    line: int

    def __str__(self) -> str:
        name = f"<{self.marker}> " if self.marker else ""
        return f"{name}{self.file}:{self.line}"


@dataclass(frozen=True)
class Tolerance:
    """How far a value may be off: a share of the expected value in percent, or a count of bytes (or of allocations)."""

    amount: float
    percent: bool

    def allowed(self, expected: int) -> float:
        """The largest difference that is accepted."""
        return abs(expected) * self.amount / 100 if self.percent else self.amount


@dataclass(frozen=True)
class Bound:
    """`RELATION LOW [.. HIGH] [within TOLERANCE]`; with `percent`, LOW is a percentage of the expected peak."""

    relation: Relation
    low: Expression
    high: Expression
    percent: bool = False
    tolerances: dict[Mode, Tolerance] = field(default_factory=dict)


@dataclass(frozen=True)
class ProgramExpectation:
    """A number of the whole run."""

    metric: Literal["peak_heap_bytes", "leaked_bytes"]
    bound: Bound


@dataclass(frozen=True)
class LineExpectation:
    """A number of one source line; `index` is the `i` of a `for i in A..B`."""

    place: Place
    metric: Metric
    bound: Bound
    index: int | None = None


@dataclass(frozen=True)
class LineFunctionExpectation:
    """The name of the function that a line with memory belongs to."""

    place: Place
    function: str


@dataclass(frozen=True)
class FunctionExpectation:
    """A number of one function of the program."""

    function: str
    metric: Literal["self", "total"]
    bound: Bound


@dataclass(frozen=True)
class ObjectExpectation:
    """Bytes that a named object, or a part of one, held at the peak."""

    name: str
    metric: Literal["bytes", "alone"]
    bound: Bound


@dataclass(frozen=True)
class ObjectPlaceExpectation:
    """The line that most of an object was allocated at."""

    name: str
    place: Place


@dataclass(frozen=True)
class ObjectTypeExpectation:
    """The type of an object, with its module."""

    name: str
    type: str


@dataclass(frozen=True)
class ExitExpectation:
    """How the program ends: an exit code, or the number of the signal that ends it."""

    code: int | None
    signal: int | None


@dataclass(frozen=True)
class StdoutExpectation:
    """Everything that the program prints."""

    text: str


Expectation = (
    ProgramExpectation
    | LineExpectation
    | LineFunctionExpectation
    | FunctionExpectation
    | ObjectExpectation
    | ObjectPlaceExpectation
    | ObjectTypeExpectation
    | ExitExpectation
    | StdoutExpectation
)


@dataclass(frozen=True)
class Invocation:
    """What is written after `heapwise run OPTIONS` (and after `python`): a script, a module or a directory."""

    kind: Literal["script", "module", "directory"]
    module: str | None
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Conditional:
    """A line of a header and when it counts. `let` is the name that an expression defines, else an expectation."""

    condition: Condition
    let: tuple[str, Expression] | None = None
    expectation: Expectation | None = None


@dataclass(frozen=True)
class Program:
    """A target program and its header."""

    name: str
    path: Path
    invocation: Invocation
    native: tuple[str, ...]
    imports: tuple[str, ...]
    entries: tuple[Conditional, ...]

    def expectations(self, mode: Mode, version: Version) -> list[Expectation]:
        """What counts for one run, in the order of the header."""
        return [
            entry.expectation
            for entry in self.entries
            if entry.expectation is not None and entry.condition.holds(mode, version)
        ]

    def lets(self, mode: Mode, version: Version) -> list[tuple[str, Expression]]:
        """The names that the header defines for one run, in order."""
        return [entry.let for entry in self.entries if entry.let is not None and entry.condition.holds(mode, version)]


_MARKER = re.compile(r"#\s*<([A-Z][A-Z0-9_]*)>\s*$")
_HEADER_LINE = re.compile(r"#\s*(run|needs|files|let|expect)(?:\[([^\]]*)\])?:\s+(\S.*?)\s*$")
_PLACE = re.compile(r'line\s+(?:"([^"]+)":(\S+)|([A-Z][A-Z0-9_]*))\s+(.*)$')
_FUNCTION = re.compile(r"function\s+(\S+)\s+(self|total)\s+(.*)$")
_OBJECT = re.compile(r"object\s+(\S+)\s+(bytes|alone|made|is)\s+(.*)$")
_LOOP = re.compile(r"\s+for i in (\d+)\.\.(\d+)$")
_VERSIONS = re.compile(r"3\.(\d+)(?:(\+)|-3\.(\d+))?$")
_LET = re.compile(r"([A-Z][A-Z0-9_]*)\s*=\s*(\S.*)$")
_TOLERANCE = re.compile(r"(?:(exact|sampled)\s+)?([\d_]+(?:\.\d+)?)(%?)$")
_METRICS: Final[tuple[Metric, ...]] = ("self", "total", "allocated", "allocations", "leaked")


def read_program(path: Path, root: Path) -> Program:
    """Reads the header of `path`; its name is its path below `root` without the ending. Raises `HeaderError`."""
    relative = path.relative_to(root)
    name = str(relative.parent if path.name == "__main__.py" else relative.with_suffix(""))
    return _HeaderReader(path, root).read(name)


def find_programs(root: Path) -> list[Program]:
    """All target programs: scripts of `root` and of `objects` in it, and the `__main__.py` of its packages."""
    paths = [*root.glob("*.py"), *root.glob("objects/*.py"), *root.glob("*/__main__.py")]
    return [read_program(path, root) for path in sorted(paths)]


def _first_line(statement: ast.stmt) -> int:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and statement.decorator_list:
        return statement.decorator_list[0].lineno
    return statement.lineno


class _HeaderReader:
    """Reads one header; knows where it stands, for messages."""

    def __init__(self, path: Path, root: Path) -> None:
        self._path = path
        self._root = root
        self._line = 1
        self._markers: dict[str, Place] = {}
        self._used: set[str] = set()

    def read(self, name: str) -> Program:
        source = self._path.read_text(encoding="utf-8")
        header = list(self._header_lines(source))
        self._collect_markers(self._path)
        for number, key, condition_text, text in header:
            self._line = number
            if condition_text and key not in ("let", "expect"):
                self._fail(f"{key} takes no condition")
            for file in text.split() if key == "files" else ():
                self._collect_markers(self._path.parent / file)
        invocation = Invocation("script", None, ())
        native: list[str] = []
        imports: list[str] = []
        entries: list[Conditional] = []
        names: set[str] = set()
        for number, key, condition_text, text in header:
            self._line = number
            condition = self._condition(condition_text)
            match key:
                case "run":
                    invocation = self._invocation(text)
                case "needs":
                    kind, _, what = text.partition(" ")
                    if kind not in ("native", "import") or not what.isidentifier():
                        self._fail(f"needs is `native NAME` or `import NAME`, found {text!r}")
                    (native if kind == "native" else imports).append(what)
                case "let":
                    defined = self._let(text)
                    self._check_names(defined[1], names)
                    names.add(defined[0])
                    entries.append(Conditional(condition, let=defined))
                case "expect":
                    entries.extend(
                        Conditional(condition, expectation=found) for found in self._expectations(text, names)
                    )
        self._line = 1
        if unused := sorted(set(self._markers) - self._used):
            self._fail(f"no expectation refers to {', '.join(unused)}")
        if not any(
            isinstance(entry.expectation, ProgramExpectation) and entry.expectation.metric == "peak_heap_bytes"
            for entry in entries
        ):
            self._fail("no peak_heap_bytes is expected")
        return Program(name, self._path, invocation, tuple(native), tuple(imports), tuple(entries))

    def _fail(self, why: str) -> NoReturn:
        raise HeaderError(f"{self._path}:{self._line}: {why}")

    def _header_lines(self, source: str) -> Iterator[tuple[int, str, str, str]]:
        """Line number, key, condition and text of each header line."""
        tree = ast.parse(source)
        if not ast.get_docstring(tree):
            self._fail("a target program opens with a docstring")
        end = tree.body[0].end_lineno or 1
        lines = source.splitlines()
        stop = _first_line(tree.body[1]) - 1 if len(tree.body) > 1 else len(lines)
        for number, line in enumerate(lines, start=1):
            self._line = number
            if end < number <= stop and line.strip():
                found = _HEADER_LINE.match(line)
                if not found:
                    self._fail(f"not a line of a header: {line!r}")
                yield number, found[1], found[2] or "", found[3]
            elif re.match(r"\s*#\s*(run|needs|files|let|expect)\b.*:", line):
                self._fail("a header line outside the header")

    def _collect_markers(self, path: Path) -> None:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if found := _MARKER.search(line):
                self._line = number
                if found[1] in self._markers:
                    self._fail(f"marker {found[1]} is there twice")
                self._markers[found[1]] = Place(found[1], path.relative_to(self._root).as_posix(), number)

    def _condition(self, text: str) -> Condition:
        mode: Mode | None = None
        oldest, newest = Condition.oldest, Condition.newest
        for part in (part.strip() for part in text.split(",") if text):
            if chosen := [known for known in MODES if known == part]:
                mode = chosen[0]
            elif found := _VERSIONS.match(part):
                oldest = (3, int(found[1]))
                newest = Condition.newest if found[2] else (3, int(found[3] or found[1]))
            else:
                self._fail(f"not a condition: {part!r}")
        return Condition(mode, oldest, newest)

    def _invocation(self, text: str) -> Invocation:
        kind, *arguments = shlex.split(text)
        if kind == "script":
            return Invocation("script", None, tuple(arguments))
        if kind == "directory":
            return Invocation("directory", None, tuple(arguments))
        if kind != "module" or not arguments:
            self._fail(f"run is `script`, `directory` or `module NAME`, found {text!r}")
        return Invocation("module", arguments[0], tuple(arguments[1:]))

    def _let(self, text: str) -> tuple[str, Expression]:
        found = _LET.match(text)
        if not found:
            self._fail(f"let is `NAME = EXPRESSION`, found {text!r}")
        return found[1], self._expression(found[2])

    def _expression(self, text: str) -> Expression:
        try:
            return Expression.parse(text)
        except ExpressionError as error:
            self._fail(str(error))

    def _check_names(self, expression: Expression, names: set[str]) -> None:
        if unknown := sorted(expression.names - names):
            self._fail(f"unknown name {', '.join(unknown)} in {expression.text!r}")

    def _expectations(self, text: str, names: set[str]) -> list[Expectation]:
        subject, _, rest = text.partition(" ")
        if subject in ("peak_heap_bytes", "leaked_bytes"):
            metric: Literal["peak_heap_bytes", "leaked_bytes"] = (
                "peak_heap_bytes" if subject == "peak_heap_bytes" else "leaked_bytes"
            )
            return [ProgramExpectation(metric, self._bound(rest, names))]
        if subject == "line":
            return self._line_expectations(text, names)
        if found := _FUNCTION.match(text):
            return [
                FunctionExpectation(found[1], "self" if found[2] == "self" else "total", self._bound(found[3], names))
            ]
        if found := _OBJECT.match(text):
            return [self._object_expectation(*found.groups(), names=names)]
        if found := re.match(r"exit code (\d+)$", text):
            return [ExitExpectation(int(found[1]), None)]
        if found := re.match(r"exit signal (SIG[A-Z]+)$", text):
            return [ExitExpectation(None, int(signal.Signals[found[1]]))]
        if subject == "stdout":
            return [StdoutExpectation(self._string(rest))]
        return self._fail(f"unknown expectation {text!r}")

    def _object_expectation(self, name: str, aspect: str, rest: str, *, names: set[str]) -> Expectation:
        match aspect:
            case "made":
                return ObjectPlaceExpectation(name, self._place(rest.strip(), None, None, None))
            case "is":
                return ObjectTypeExpectation(name, rest.strip())
            case _:
                return ObjectExpectation(name, "bytes" if aspect == "bytes" else "alone", self._bound(rest, names))

    def _string(self, text: str) -> str:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = None
        return value if isinstance(value, str) else self._fail(f"not a string: {text!r}")

    def _line_expectations(self, text: str, names: set[str]) -> list[Expectation]:
        indices: list[int | None] = [None]
        if loop := _LOOP.search(text):
            indices = list(range(int(loop[1]), int(loop[2]) + 1))
            text = text[: loop.start()]
            names = names | {"i"}
        found = _PLACE.match(text)
        if not found:
            self._fail(f'line is MARKER or "FILE":LINE, then a metric: {text!r}')
        file, line, marker, rest = found.groups()
        metric, _, bound_text = rest.partition(" ")
        if metric == "in" and loop is None:
            return [LineFunctionExpectation(self._place(marker, file, line, None), bound_text.strip())]
        chosen = [known for known in _METRICS if known == metric]
        if not chosen:
            self._fail(f"unknown metric {metric!r}; known are {', '.join(_METRICS)}")
        bound = self._bound(bound_text, names)
        return [LineExpectation(self._place(marker, file, line, index), chosen[0], bound, index) for index in indices]

    def _place(self, marker: str | None, file: str | None, line: str | None, index: int | None) -> Place:
        if marker is not None:
            if marker not in self._markers:
                self._fail(f"no line carries the marker <{marker}>")
            self._used.add(marker)
            return self._markers[marker]
        expression = self._expression(line or "")
        if expression.names - {"i"} or (expression.names and index is None):
            self._fail(f"a line number may only use i: {line!r}")
        number = expression.value(NO_SIZES, {"i": index or 0})
        return Place(None, (file or "").replace("{i}", str(index)), number)

    def _bound(self, text: str, names: set[str]) -> Bound:
        relation_text, _, rest = text.strip().partition(" ")
        chosen = [known for known in ("~", "<", ">") if known == relation_text]
        if not chosen:
            self._fail(f"a relation is ~, < or >, found {relation_text!r}")
        relation: Relation = "~" if chosen[0] == "~" else "<" if chosen[0] == "<" else ">"
        amount, _, tolerance_text = rest.partition(" within ")
        percent = amount.rstrip().endswith("%")
        low_text, _, high_text = amount.rstrip().removesuffix("%").partition(" .. ")
        low = self._expression(low_text)
        high = self._expression(high_text) if high_text else low
        self._check_names(low, names)
        self._check_names(high, names)
        if relation == "~" and percent:
            self._fail("a percentage goes with < or >")
        if relation != "~" and (tolerance_text or high_text):
            self._fail(f"{relation} takes neither a range nor a tolerance")
        return Bound(relation, low, high, percent, self._tolerances(tolerance_text))

    def _tolerances(self, text: str) -> dict[Mode, Tolerance]:
        tolerances: dict[Mode, Tolerance] = {}
        for part in (part.strip() for part in text.split(",") if text):
            found = _TOLERANCE.match(part)
            if not found:
                self._fail(f"not a tolerance: {part!r}")
            tolerance = Tolerance(float(found[2].replace("_", "")), found[3] == "%")
            for mode in MODES:
                if found[1] in (None, mode):
                    if mode in tolerances:
                        self._fail(f"two tolerances for {mode}")
                    tolerances[mode] = tolerance
        return tolerances

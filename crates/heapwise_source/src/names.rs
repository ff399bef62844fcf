//! What the model says about a file: scopes, statements, variables and every place where a name occurs.
//!
//! Invariant: ids are indices into the tables of the module that handed them out; an occurrence points at exactly one variable.

use crate::text::Span;

/// A scope of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub(crate) usize);

impl ScopeId {
    /// The module's own scope.
    pub const MODULE: Self = Self(0);
}

/// A statement of a module, in the order of the text; a compound statement comes before those inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId(pub(crate) usize);

/// A name in the scope that it belongs to: `x` of one function is another variable than `x` of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariableId(pub(crate) usize);

/// What kind of code has the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// The file, or the cell of a notebook.
    Module,
    /// The body of a `class`.
    Class,
    /// A `def` or `async def`.
    Function,
    /// A `lambda`.
    Lambda,
    /// `[... for ...]`
    ListComprehension,
    /// `{... for ...}`
    SetComprehension,
    /// `{...: ... for ...}`
    DictComprehension,
    /// `(... for ...)`
    GeneratorExpression,
}

impl ScopeKind {
    /// Whether it is a comprehension that runs at once, where it stands.
    pub const fn is_eager_comprehension(self) -> bool {
        matches!(self, Self::ListComprehension | Self::SetComprehension | Self::DictComprehension)
    }
}

/// A scope.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about the scope")]
pub struct Scope {
    /// What it is.
    pub kind: ScopeKind,
    /// The scope that it stands in; none for the module.
    pub parent: Option<ScopeId>,
    /// Its own name: `f`, `C`, `<lambda>`, `<listcomp>`, `<module>`.
    pub name: String,
    /// Its name as `co_qualname` says it: `C.method`, `f.<locals>.g`, `<module>`.
    pub qualified_name: String,
    /// The bytes of the statement or expression that it is, with decorators.
    pub span: Span,
    /// Offset of the `def` or `class` keyword's line, of the `lambda`, or of the comprehension; what `co_firstlineno` is
    /// for a function without decorators.
    pub header: usize,
    /// The `def` or `class`; for others the statement that they stand in.
    pub statement: Option<StatementId>,
    /// Whether it is an `async def` or holds an `async for` of a comprehension.
    pub is_async: bool,
    /// Whether a `yield` makes it a generator.
    pub is_generator: bool,
    /// Number of decorators.
    pub decorators: usize,
    /// Names of the parameters, in order, without stars.
    pub parameters: Vec<String>,
    /// Whether its names are read in ways that no text shows: `locals()`, `eval`, `exec`, `vars()`, `breakpoint()`.
    pub is_dynamic: bool,
    /// Whether it holds `from x import *`: any name may come from there.
    pub has_star_import: bool,
}

/// What an occurrence does with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Its value is read.
    Read,
    /// It gets a value: assignment, `for`, `with`, `import`, `def`, `class`, `except ... as`, a pattern, `:=`, a parameter.
    Write,
    /// `x += ...`: read, then written.
    Update,
    /// `del x`
    Delete,
}

impl Access {
    /// Whether the value is read.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Update)
    }

    /// Whether the old value is let go.
    pub const fn rebinds(self) -> bool {
        matches!(self, Self::Write | Self::Update | Self::Delete)
    }
}

/// One place where a name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Its variable.
    pub variable: VariableId,
    /// The bytes of the name; of `a.b` in `import a.b` for the binding of `a`.
    pub span: Span,
    /// What is done with it.
    pub access: Access,
    /// The scope that it stands in, which need not be the variable's.
    pub scope: ScopeId,
    /// The innermost statement that it stands in.
    pub statement: StatementId,
}

/// A variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The scope that it belongs to. A name that nothing binds belongs to the module: a builtin, or a star import's.
    pub scope: ScopeId,
    /// Indices into [`crate::Module::occurrences`], in the order of the text.
    pub occurrences: Vec<usize>,
    /// Whether anything in the file binds it.
    pub is_bound: bool,
    /// Whether it is a parameter of its function.
    pub is_parameter: bool,
}

/// The kinds of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of Python's statements")]
pub enum StatementKind {
    FunctionDef,
    ClassDef,
    Return,
    Delete,
    TypeAlias,
    Assign,
    AugAssign,
    AnnAssign,
    For,
    While,
    If,
    With,
    Match,
    Raise,
    Try,
    Assert,
    Import,
    ImportFrom,
    Global,
    Nonlocal,
    Expr,
    Pass,
    Break,
    Continue,
    IpyEscapeCommand,
}

/// Which block of its parent a statement stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Block {
    /// The body.
    Body,
    /// The body of the `elif` or `else` with this index in an `if`.
    Clause(usize),
    /// The `else` of a loop or `try`.
    Else,
    /// The `except` with this index.
    Handler(usize),
    /// `finally`
    Finally,
    /// The `case` with this index.
    Case(usize),
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Its bytes; decorators are part of it, a comment behind it is not.
    pub span: Span,
    /// Its bytes up to its first block: `for x in y:` without the colon's rest; all of a simple statement.
    pub header: Span,
    /// The scope whose code it is (for a `def`: the scope that the `def` stands in).
    pub scope: ScopeId,
    /// The compound statement that it stands in, `def` and `class` among them.
    pub parent: Option<StatementId>,
    /// Which block of the parent.
    pub block: Block,
    /// Its place in that block, from 0.
    pub index: usize,
}

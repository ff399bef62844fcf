//! The command line: what was typed, and to whom each part of it belongs.
//!
//! Invariant: everything behind `SCRIPT`, `-m MODULE` or `-c CODE` is the program's and is never read as an option
//! of heapwise. [`set_program_apart`] sees to that before clap reads anything.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::exit;

const ABOUT: &str = "Shows where a Python program's memory goes: how high, when, and which lines held it.";

const EXAMPLES: &str = "\
Examples:
  heapwise run train.py --epochs 3      run a script and say where its memory went
  heapwise run -m pytest tests/         run a module
  heapwise report train.heapwise        say it again, later or elsewhere
  heapwise view train.heapwise          look around in it, in the browser
  heapwise advise train.heapwise        what to change, and what it saves";

const RUN_USAGE: &str = "heapwise run [OPTIONS] SCRIPT [ARGS]...
       heapwise run [OPTIONS] -m MODULE [ARGS]...
       heapwise run [OPTIONS] -c CODE [ARGS]...";

const RUN_EXAMPLES: &str = "\
Examples:
  heapwise run train.py --epochs 3        --epochs 3 goes to train.py
  heapwise run -o big.heapwise train.py   choose the capture's name
  heapwise run --exact -m pytest tests/   record every block
  heapwise run -c 'import pandas'         what does an import cost?

The program runs as it would without heapwise: same input and output, arguments, signals and
exit code. The report comes on stderr after its end. Without -o the capture is written to the
working directory and named after the program: train.heapwise, then train.2.heapwise, ...

The interpreter is the one named by HEAPWISE_PYTHON, else the one that heapwise is installed
for, else that of the active virtual environment, else the first python3 on PATH.

Exit code: the program's own; 2 if it was not started.";

const REPORT_EXAMPLES: &str = "\
Examples:
  heapwise report train.heapwise
  heapwise report train.heapwise --width 200 | less
  heapwise report train.heapwise --format json -o train.json
  heapwise report train.heapwise --format html -o train.html
  heapwise report train.heapwise --format pprof -o train.pb.gz

Exit codes:
  0  done
  1  the report could not be written
  2  the capture cannot be read
  3  the report is partial, because the capture is damaged or incomplete";

const VIEW_EXAMPLES: &str = "\
Examples:
  heapwise view train.heapwise
  heapwise view train.heapwise -o train.html   keep the page; it is one file that can be sent

Exit codes:
  0  done, also where there is no browser: the page's path is printed then
  1  the page could not be written
  2  the capture cannot be read
  3  the page is partial, because the capture is damaged or incomplete";

const ADVISE_EXAMPLES: &str = "\
Examples:
  heapwise advise train.heapwise
  heapwise advise train.heapwise --format sarif -o heapwise.sarif   for code scanning
  heapwise advise train.heapwise --format github                    in a workflow of GitHub

Exit codes:
  0  done, whether or not there is anything to change
  1  the advice could not be written
  2  the capture cannot be read
  3  the advice is partial, because the capture is damaged or incomplete";

const DIFF_EXAMPLES: &str = "\
Examples:
  heapwise diff before.heapwise after.heapwise
  heapwise diff main.heapwise branch.heapwise --fail-on-growth 5%
  heapwise diff before.heapwise after.heapwise --format html -o diff.html

Lines are matched by file, function and text, so that edits above them do not matter; objects by the names
that hold them.

Exit codes:
  0  done
  1  the comparison could not be written
  2  a capture cannot be read
  4  the peak grew by more than --fail-on-growth, and by more than sampling could explain";

const FIX_EXAMPLES: &str = "\
Examples:
  heapwise fix train.heapwise                         the edits, as a diff
  heapwise fix train.heapwise --verify                run the program again with each of them
  heapwise fix train.heapwise --verify --apply        and write what is proven
  heapwise fix train.heapwise --verify --check 'pytest -q'

--verify runs the recorded command again, in its folder, once unedited and once with each edit, then with
all that are proven. Your files stay as they are: the program is given the edited text in their place. An
edit is proven if the program ends in the same way, prints the same (times and addresses apart) and has a
lower peak. What the program writes to files it writes again: --sandbox lets it work in a copy of the
folder, and compares the files. --check runs a command instead of comparing what is printed.

--apply writes edits that are safe by themselves or proven, and leaves train.undo.diff.

Exit codes:
  0  done; with --verify: all edits are proven
  1  heapwise failed
  2  nothing was done: wrong arguments, or the program cannot be run again
  5  an edit was tried and withdrawn, or nothing could be applied";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "heapwise", version, about = ABOUT, after_help = help_end(), max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn help_end() -> String {
    format!("{EXAMPLES}\n\n{}", exit::HELP)
}

/// What heapwise can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a Python program and record its memory; the report follows on stderr
    #[command(override_usage = RUN_USAGE, after_help = RUN_EXAMPLES, max_term_width = 100)]
    Run(RunArguments),
    /// Say where the memory went, from a capture
    #[command(after_help = REPORT_EXAMPLES, max_term_width = 100)]
    Report(ReportArguments),
    /// Look around in a capture, in the browser: any moment, any line
    #[command(after_help = VIEW_EXAMPLES, max_term_width = 100)]
    View(ViewArguments),
    /// Say what to change, and how many bytes each change saves, from a capture
    #[command(after_help = ADVISE_EXAMPLES, max_term_width = 100)]
    Advise(AdviseArguments),
    /// Explain a rule of the advice: what it finds, why, when it is silent, the fix
    #[command(max_term_width = 100)]
    Explain(ExplainArguments),
    /// Say what grew and what shrank from one capture to another
    #[command(after_help = DIFF_EXAMPLES, max_term_width = 100)]
    Diff(DiffArguments),
    /// Show the edits that findings propose, prove them by running the program again, apply them
    #[command(after_help = FIX_EXAMPLES, max_term_width = 100)]
    Fix(FixArguments),
}

/// Arguments of `heapwise run`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Where to write the capture [default: named after the program, in the working directory]
    #[arg(short, long, value_name = "CAPTURE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file that -o names, if it exists
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Record every block instead of sampling the small ones: slower, a larger capture, no error
    #[arg(long)]
    pub(crate) exact: bool,
    /// Say nothing at the end; the capture is written all the same
    #[arg(long)]
    pub(crate) no_report: bool,
    /// Afterwards prove what can be fixed by running the program again, show the diff, and ask
    #[arg(long, conflicts_with = "no_report")]
    pub(crate) fix: bool,
    /// Run a library module as a script, as `python -m` does
    #[arg(
        short,
        value_name = "MODULE",
        allow_hyphen_values = true,
        conflicts_with = "code",
        help_heading = "Program"
    )]
    module: Option<OsString>,
    /// Run the code given, as `python -c` does
    #[arg(short, value_name = "CODE", allow_hyphen_values = true, help_heading = "Program")]
    code: Option<OsString>,
    /// The script to run, then its arguments; - is a script from stdin
    #[arg(
        value_name = "SCRIPT",
        last = true,
        required_unless_present_any = ["module", "code"],
        help_heading = "Program"
    )]
    rest: Vec<OsString>,
}

/// What Python shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file, a directory or a zip file with a `__main__.py`, or `-` for stdin.
    Script(OsString),
    /// A module by name.
    Module(OsString),
    /// Source text.
    Code(OsString),
}

/// What Python shall run, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// What to run.
    pub(crate) target: Target,
    /// The program's own arguments.
    pub(crate) arguments: Vec<OsString>,
}

impl RunArguments {
    /// The program and its arguments.
    pub(crate) fn program(&self) -> Program {
        let mut rest = self.rest.iter().cloned();
        let target = match (&self.module, &self.code) {
            (Some(module), _) => Target::Module(module.clone()),
            (None, Some(code)) => Target::Code(code.clone()),
            (None, None) => Target::Script(rest.next().unwrap_or_default()),
        };
        Program { target, arguments: rest.collect() }
    }
}

/// Arguments of `heapwise report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The capture that `heapwise run` wrote
    pub(crate) capture: PathBuf,
    /// Text for people, JSON for programs, HTML (one page that needs nothing else), or the format of another tool
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Which bytes come first in collapsed, speedscope, pprof and firefox [default: peak]
    #[arg(long, value_enum)]
    pub(crate) value: Option<ValueChoice>,
    /// Where to write it [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Columns of the text [default: the terminal's, 80 without one]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub(crate) width: Option<u16>,
}

/// Arguments of `heapwise view`.
#[derive(Debug, Args)]
pub(crate) struct ViewArguments {
    /// The capture that `heapwise run` wrote
    pub(crate) capture: PathBuf,
    /// Where to write the page [default: a new folder among the temporary files]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `heapwise advise`.
#[derive(Debug, Args)]
pub(crate) struct AdviseArguments {
    /// The capture that `heapwise run` wrote
    pub(crate) capture: PathBuf,
    /// Text for people; JSON for programs; SARIF for code scanning; annotations for GitHub's workflows
    #[arg(long, value_enum, default_value_t = AdviceFormat::Text)]
    pub(crate) format: AdviceFormat,
    /// Where to write it [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Columns of the text [default: the terminal's, 80 without one]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub(crate) width: Option<u16>,
}

/// The forms of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdviceFormat {
    Text,
    Json,
    Sarif,
    Github,
}

/// Arguments of `heapwise explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The rule, such as dead-variable; without one, all rules are listed
    pub(crate) rule: Option<String>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs; schema/report.schema.json describes it
    Json,
    /// One page for the browser
    Html,
    /// Collapsed stacks, for flame graph scripts
    Collapsed,
    /// JSON for speedscope
    Speedscope,
    /// Gzipped profile.proto, for `go tool pprof` and others
    Pprof,
    /// JSON for the Firefox Profiler
    Firefox,
    /// The lines as a table
    Csv,
    /// All events as a table, for DuckDB, Polars, pandas
    Parquet,
}

impl Format {
    /// Whether [`ReportArguments::value`] says something about it.
    pub(crate) fn has_values(self) -> bool {
        matches!(self, Self::Collapsed | Self::Speedscope | Self::Pprof | Self::Firefox)
    }
}

/// The formats of other tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    Collapsed,
    Speedscope,
    Pprof,
    Firefox,
    Csv,
    Parquet,
}

impl ExportFormat {
    /// The format, if it is that of another tool.
    pub(crate) fn of(format: Format) -> Option<Self> {
        match format {
            Format::Text | Format::Json | Format::Html => None,
            Format::Collapsed => Some(Self::Collapsed),
            Format::Speedscope => Some(Self::Speedscope),
            Format::Pprof => Some(Self::Pprof),
            Format::Firefox => Some(Self::Firefox),
            Format::Csv => Some(Self::Csv),
            Format::Parquet => Some(Self::Parquet),
        }
    }

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Collapsed => "collapsed",
            Self::Speedscope => "speedscope",
            Self::Pprof => "pprof",
            Self::Firefox => "firefox",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Whether a terminal cannot show it.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Pprof | Self::Parquet)
    }
}

/// The values of [`heapwise_export::Value`], as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValueChoice {
    /// Live at the highest heap
    Peak,
    /// Allocated over the whole run
    Allocated,
    /// Still live at the end
    Leaked,
    /// Freed soon after
    Temporary,
}

impl ValueChoice {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Peak => "peak",
            Self::Allocated => "allocated",
            Self::Leaked => "leaked",
            Self::Temporary => "temporary",
        }
    }
}

impl From<ValueChoice> for heapwise_export::Value {
    fn from(choice: ValueChoice) -> Self {
        match choice {
            ValueChoice::Peak => Self::Peak,
            ValueChoice::Allocated => Self::Allocated,
            ValueChoice::Leaked => Self::Leaked,
            ValueChoice::Temporary => Self::Temporary,
        }
    }
}

/// Arguments of `heapwise diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The capture to compare with
    pub(crate) old: PathBuf,
    /// The capture to look at
    pub(crate) new: PathBuf,
    /// Text or a page for people, JSON for programs
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,
    /// Where to write it [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Columns of the text [default: the terminal's, 80 without one]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub(crate) width: Option<u16>,
    /// End with 4 if the peak grew by more than this: 5MB, 2% [default without a value: 1%]
    #[arg(long, value_name = "SIZE|PERCENT", num_args = 0..=1, default_missing_value = "1%", require_equals = false)]
    pub(crate) fail_on_growth: Option<Growth>,
}

/// Arguments of `heapwise fix`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, Default, Args)]
pub(crate) struct FixArguments {
    /// The capture that `heapwise run` wrote
    pub(crate) capture: PathBuf,
    /// Which findings, by their names [default: all]
    #[arg(value_name = "FINDING")]
    pub(crate) findings: Vec<String>,
    /// Write what is safe or proven into your files
    #[arg(long)]
    pub(crate) apply: bool,
    /// Run the program again with each edit
    #[arg(long)]
    pub(crate) verify: bool,
    /// A shell command whose success says that the program does what it should
    #[arg(long, value_name = "COMMAND", requires = "verify")]
    pub(crate) check: Option<String>,
    /// The longest one run may take, seconds [default: ten times the recorded run, at least 60]
    #[arg(long, value_name = "SECONDS", requires = "verify", value_parser = positive)]
    pub(crate) timeout: Option<f64>,
    /// By how much numbers in the output may differ, relative to their size
    #[arg(long, value_name = "SHARE", requires = "verify", default_value_t = 0.0, value_parser = share)]
    pub(crate) tolerance: f64,
    /// Run in copies of the working directory, and compare the files that are left there
    #[arg(long, requires = "verify")]
    pub(crate) sandbox: bool,
    /// What the program reads from stdin [default: nothing]
    #[arg(long, value_name = "FILE", requires = "verify")]
    pub(crate) stdin: Option<PathBuf>,
    /// Text for people, JSON for programs
    #[arg(long, value_enum, default_value_t = FixFormat::Text)]
    pub(crate) format: FixFormat,
    /// Whether to ask before applying, on a terminal.
    #[arg(skip)]
    pub(crate) ask: bool,
}

impl FixArguments {
    /// What `heapwise run --fix` does with its capture.
    pub(crate) fn after_run(capture: &Path) -> Self {
        Self { capture: capture.to_owned(), verify: true, ask: true, ..Self::default() }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number < 1e9);
    number.ok_or_else(|| "give a number of seconds above 0".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..1.0).contains(number));
    number.ok_or_else(|| "give a number from 0 to 1, such as 1e-6".to_owned())
}

/// The forms of what `heapwise fix` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FixFormat {
    /// For people
    #[default]
    Text,
    /// For programs; schema/fix.schema.json describes it
    Json,
}

/// The forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Text,
    /// For programs; schema/diff.schema.json describes it
    Json,
    /// A page for the browser: one file, which can be sent
    Html,
}

/// How much a peak may grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Growth {
    /// By so many bytes.
    Bytes(u64),
    /// By so many hundredths of the old peak.
    Percent(f64),
}

impl FromStr for Growth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, f64); 8] = [
            ("kib", 1024.0),
            ("mib", 1_048_576.0),
            ("gib", 1_073_741_824.0),
            ("kb", 1e3),
            ("mb", 1e6),
            ("gb", 1e9),
            ("b", 1.0),
            ("", 1.0),
        ];
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
        let wrong = || "write a size such as 5MB, or a share such as 2%".to_owned();
        if let Some(percent) = text.trim().strip_suffix('%') {
            return number(percent).map(Self::Percent).ok_or_else(wrong);
        }
        let lower = text.trim().to_ascii_lowercase();
        let (amount, unit) = UNITS
            .iter()
            .find_map(|(unit, bytes)| lower.strip_suffix(unit).map(|amount| (amount, *bytes)))
            .ok_or_else(wrong)?;
        number(amount).map(|amount| Self::Bytes((amount * unit) as u64)).ok_or_else(wrong)
    }
}

/// Reads the command line.
///
/// # Errors
/// Whatever clap has to say, which may be the help that was asked for.
pub(crate) fn parse(typed: Vec<OsString>) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(set_program_apart(typed))
}

/// Puts `--` before what belongs to the program in a `heapwise run` command line, and gives `-m` and `-c`, with
/// which the program begins, their value as a word of its own.
fn set_program_apart(typed: Vec<OsString>) -> Vec<OsString> {
    if typed.get(1).is_none_or(|command| command != "run") {
        return typed;
    }
    let start = start_of_program(&typed);
    let mut words = typed;
    let mut program = words.split_off(start).into_iter().peekable();
    if words.len() > 2 && words.last().is_some_and(|word| word == "--") {
        words.pop();
    }
    let first = program.peek().map(|word| word.as_bytes()).unwrap_or_default();
    if begins_program(first) {
        let (option, attached) = first.split_at(2);
        let (option, attached) = (option.to_vec(), attached.to_vec());
        program.next();
        words.push(OsString::from_vec(option));
        if !attached.is_empty() {
            words.push(OsString::from_vec(attached));
        } else if let Some(value) = program.next() {
            words.push(value);
        }
    }
    if program.peek().is_some() {
        words.push("--".into());
        words.extend(program);
    }
    words
}

/// `-m` or `-c`, with or without their value attached.
fn begins_program(word: &[u8]) -> bool {
    word.starts_with(b"-m") || word.starts_with(b"-c")
}

/// The first word that is neither an option of heapwise nor the value of one.
fn start_of_program(typed: &[OsString]) -> usize {
    let commands = Arguments::command();
    let arguments = commands.find_subcommand("run").into_iter().flat_map(clap::Command::get_arguments);
    let options: Vec<&clap::Arg> = arguments.filter(|option| option.get_action().takes_values()).collect();
    let mut at = 2;
    while let Some(word) = typed.get(at) {
        let bytes = word.as_bytes();
        if bytes == b"--" {
            return at + 1;
        }
        if bytes == b"-" || !bytes.starts_with(b"-") || begins_program(bytes) {
            return at;
        }
        at += 1 + usize::from(value_is_next_word(word, &options));
    }
    typed.len()
}

/// Whether the word behind the option `word` is its value. `options` are those that take one.
fn value_is_next_word(word: &OsStr, options: &[&clap::Arg]) -> bool {
    let bytes = word.as_bytes();
    if let Some(long) = bytes.strip_prefix(b"--") {
        return options.iter().any(|option| option.get_long().is_some_and(|name| name.as_bytes() == long));
    }
    // In `-xyz` the first letter that takes a value takes the letters behind it, or else the next word.
    let letters = &bytes[1..];
    let takes_value =
        |letter: &u8| options.iter().any(|option| option.get_short() == Some(char::from(*letter)));
    letters.iter().position(takes_value).is_some_and(|at| at + 1 == letters.len())
}

#[cfg(test)]
mod tests;

//! From what a look saw to the edit of the line that made it, on captures made by hand.

use heapwise_advisor::{Finding, Fix, Safety, advise};
use heapwise_analysis::{analyse, objects, profile::Profile};
use heapwise_profile::inspection::{Buffer, Facts, Holder, HolderKind, Inspection, Object};
use heapwise_testkit::{CaptureBuilder, Mode};

const FILE: &str = "/home/a/app.py";
const BYTES: u64 = 80_000_000;

/// What a rule says of a program whose line 2 makes `object`, with a version of pandas.
fn found(rule: &str, source: &str, object: Object, pandas: &str) -> Option<Finding> {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.file(FILE).source(FILE, source).fact("folder", "/home/a").fact("python", "3.12.1");
    capture.fact("module:pandas", pandas);
    let stack = capture.stack(&["<module>:2"]);
    capture.allocation(0x10_0000, BYTES, stack);
    let holder = Holder {
        kind: HolderKind::Global,
        function: "<module>".into(),
        file: FILE.into(),
        ..Holder::default()
    };
    let object = Object { holder: Some(holder), ..object };
    capture.inspection(&Inspection { sequence: 1, objects: vec![object], ..Inspection::default() });
    let profile = Profile::from_bytes(capture.build()).expect("a capture");
    let analysis = analyse(&profile);
    let objects = objects(&profile, &analysis);
    let advice = advise(&profile, &analysis, &objects);
    advice.findings.into_iter().find(|finding| finding.rule == rule)
}

/// What its fix changes: the lines of the diff, and how safe it is.
fn fixed(rule: &str, source: &str, object: Object) -> Option<(Vec<String>, Safety)> {
    let fix = found(rule, source, object, "3.0.0").expect("a finding").fix?;
    Some((changed(&fix), fix.safety))
}

fn changed(fix: &Fix) -> Vec<String> {
    let changed = fix.diff.lines().skip(2).filter(|line| line.starts_with(['+', '-']));
    changed.map(str::to_owned).collect()
}

fn held(name: &str, kind: &str, dtype: &str, facts: Facts) -> Object {
    Object {
        name: name.into(),
        kind: kind.into(),
        dtype: Some(dtype.into()),
        address: 2,
        shape: vec![BYTES / 8],
        bytes: BYTES,
        own_bytes: BYTES,
        buffers: vec![Buffer { address: 0x10_0000, bytes: BYTES }],
        facts,
        ..Object::default()
    }
}

fn between(minimum: u32, maximum: u32) -> Facts {
    Facts { minimum: Some(minimum.into()), maximum: Some(maximum.into()), ..Facts::default() }
}

fn table(column: Object) -> Object {
    Object {
        name: "df".into(),
        kind: "pandas.DataFrame".into(),
        shape: vec![BYTES / 8, 1],
        bytes: BYTES,
        own_bytes: BYTES,
        address: 1,
        parts: vec![column],
        ..Object::default()
    }
}

fn lines(changed: &[&str]) -> Vec<String> {
    changed.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn an_array_gets_its_type_where_it_is_made() {
    let ages = || held("ages", "numpy.ndarray", "int64", between(0, 99));
    let source = "import numpy as np\nages = np.tile(np.arange(100), n)\nprint(ages.sum())\n";
    let new = ["-ages = np.tile(np.arange(100), n)", "+ages = np.tile(np.arange(100, dtype=np.int8), n)"];
    assert_eq!(fixed("smaller-dtype", source, ages()), Some((lines(&new), Safety::Unsafe)));
    let source = "import numpy as np\nages = np.array(rows)[order]\nprint(ages.sum())\n";
    assert_eq!(fixed("smaller-dtype", source, ages()), None);
    let flags = held("flags", "numpy.ndarray", "int64", between(0, 1));
    let source = "import numpy as np\nflags = np.zeros(n, dtype=np.int64)\nprint(flags.sum())\n";
    let new = ["-flags = np.zeros(n, dtype=np.int64)", "+flags = np.zeros(n, dtype=np.bool_)"];
    assert_eq!(fixed("bitmask", source, flags), Some((lines(&new), Safety::Unsafe)));
}

#[test]
fn a_column_gets_its_type_where_the_table_is_read() {
    let facts = || Facts { distinct: Some(4), text_bytes: Some(BYTES), ..Facts::default() };
    let state = || held("df['state']", "pandas.Series", "str", facts());
    let source = "import pandas as pd\ndf = pd.read_csv(path)\nprint(df['state'].count())\n";
    let new = ["-df = pd.read_csv(path)", "+df = pd.read_csv(path, dtype={\"state\": \"category\"})"];
    assert_eq!(fixed("category-strings", source, table(state())), Some((lines(&new), Safety::Unsafe)));
    let source = "import pandas as pd\ndf = pd.read_json(path)\nprint(df['state'].count())\n";
    assert_eq!(fixed("category-strings", source, table(state())), None);
}

#[test]
fn a_column_that_is_converted_saves_nothing_at_a_peak_where_it_is_made() {
    let facts = Facts { distinct: Some(4), text_bytes: Some(BYTES), ..Facts::default() };
    let state = held("df['state']", "pandas.Series", "str", facts);
    let source = "import pandas as pd\ndf['state'] = codes.map(names)\nprint(df['state'].count())\n";
    assert_eq!(found("category-strings", source, table(state), "3.0.0"), None);
}

#[test]
fn groups_by_several_categories_say_that_they_are_observed_before_pandas_3() {
    let facts = || Facts { distinct: Some(4), text_bytes: Some(BYTES), ..Facts::default() };
    let state = || table(held("df['state']", "pandas.Series", "str", facts()));
    let grouped = |arguments: &str| {
        format!("import pandas as pd\ndf = pd.read_csv(path)\nprint(df.groupby({arguments}).x.sum())\n")
    };
    let several = grouped("['state', 'city']");
    let finding = found("category-strings", &several, state(), "2.3.3").expect("a finding");
    let fix = finding.fix.expect("an edit");
    assert_eq!(fix.safety, Safety::Unsafe);
    assert_eq!(
        changed(&fix),
        [
            "-df = pd.read_csv(path)",
            "-print(df.groupby(['state', 'city']).x.sum())",
            "+df = pd.read_csv(path, dtype={\"state\": \"category\"})",
            "+print(df.groupby(['state', 'city'], observed=True).x.sum())",
        ]
    );
    assert!(finding.message.contains("observed=True"), "{}", finding.message);
    let newer = found("category-strings", &several, state(), "3.0.0").expect("a finding");
    assert!(!newer.message.contains("observed"), "{}", newer.message);
    assert!(!changed(&newer.fix.expect("an edit")).concat().contains("observed"));
    for arguments in ["['state', 'city'], **options", "**options", "['state', 'city'], observed=False"] {
        assert_eq!(found("category-strings", &grouped(arguments), state(), "2.3.3"), None, "{arguments}");
    }
    // `groupby` is called where nobody sees with what.
    let given = "import pandas as pd\ndf = pd.read_csv(path)\nprint(sums(df.groupby))\n";
    assert_eq!(found("category-strings", given, state(), "2.3.3"), None);
}

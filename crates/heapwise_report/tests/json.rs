//! The JSON report holds to the committed schema, and its sums to each other.

mod captures;

use heapwise_analysis::profile::inspection::HolderKind;
use heapwise_report::{Report, json};
use heapwise_testkit::Mode;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../schema/report.schema.json");

fn value(report: &Report) -> Value {
    let mut pretty = Vec::new();
    json::render(report, &mut pretty).expect("a vector takes everything");
    let mut compact = Vec::new();
    json::render_compact(report, &mut compact).expect("a vector takes everything");
    let value: Value = serde_json::from_slice(&pretty).expect("the report is JSON");
    assert_eq!(serde_json::from_slice::<Value>(&compact).expect("the report is JSON"), value);
    assert_eq!(compact.iter().position(|&byte| byte == b'\n'), Some(compact.len() - 1));
    assert!(pretty.ends_with(b"}\n"));
    value
}

/// By definition: the properties that only runs of several processes have.
const OPTIONAL: [(&str, &[&str]); 3] = [
    ("object", &["process"]),
    ("run", &["not_followed"]),
    (
        "process",
        &["peak_bytes", "rss_bytes", "pss_bytes", "begun", "start_s", "end_s", "exit", "still_running"],
    ),
];

/// A validator of the keywords that the schema uses. Another keyword is an error, so that no part of the schema
/// can be left unchecked.
struct Validator {
    schema: Value,
    /// Paths of properties that some report had; all must be met.
    met: std::collections::BTreeSet<String>,
}

impl Validator {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, rule) in schema {
            let holds = match keyword.as_str() {
                "$schema"
                | "$id"
                | "$defs"
                | "title"
                | "description"
                | "required"
                | "additionalProperties" => true,
                "$ref" => {
                    let name =
                        rule.as_str().and_then(|name| name.strip_prefix("#/$defs/")).expect("a local name");
                    let definition = self.schema["$defs"][name].clone();
                    self.check(&definition, value, name)?;
                    true
                }
                "type" => match rule.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    other => panic!("type {other}"),
                },
                "const" => value == rule,
                "enum" => rule.as_array().expect("a list").contains(value),
                "minimum" => value.as_f64() >= rule.as_f64(),
                "minItems" => value.as_array().map(Vec::len) >= rule.as_u64().map(|n| n as usize),
                "maxItems" => value.as_array().map(Vec::len) <= rule.as_u64().map(|n| n as usize),
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.check(rule, item, at)?;
                    }
                    true
                }
                "anyOf" => {
                    let mut any = false;
                    for choice in rule.as_array().expect("a list") {
                        any |= self.check(choice, value, at).is_ok();
                    }
                    any
                }
                "properties" => {
                    let object = value.as_object().ok_or_else(|| format!("{at} is no object"))?;
                    let known = rule.as_object().expect("properties");
                    assert_eq!(schema["additionalProperties"], false, "{at} is not closed");
                    let mut required: Vec<&str> = schema["required"]
                        .as_array()
                        .expect("a list")
                        .iter()
                        .filter_map(Value::as_str)
                        .collect();
                    required.sort_unstable();
                    let optional =
                        OPTIONAL.iter().find(|(name, _)| *name == at).map_or(&[][..], |(_, names)| names);
                    let rest = known.keys().map(String::as_str).filter(|name| !optional.contains(name));
                    assert_eq!(required, rest.collect::<Vec<_>>(), "{at}");
                    for (name, inner) in object {
                        let rule =
                            known.get(name).ok_or_else(|| format!("{at}.{name} is not in the schema"))?;
                        assert!(
                            rule.get("description").is_some() || rule.get("$ref").is_some(),
                            "{at}.{name}"
                        );
                        self.met.insert(format!("{at}.{name}"));
                        self.check(rule, inner, &format!("{at}.{name}"))?;
                    }
                    required.iter().all(|name| object.contains_key(*name))
                }
                other => panic!("keyword {other}"),
            };
            if !holds {
                return Err(format!("{at}: {value} breaks {keyword} {rule}"));
            }
        }
        Ok(())
    }
}

#[test]
fn reports_hold_to_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut validator = Validator { schema: schema.clone(), met: std::collections::BTreeSet::new() };
    for capture in [
        captures::ordinary().build(),
        captures::sampled(),
        captures::killed(),
        captures::crashed_below_the_peak(),
        captures::refused(),
        captures::recursive(),
        captures::damaged(),
        captures::empty(),
        captures::tiny(),
        captures::script_elsewhere(),
        captures::hostile(),
        captures::long_line(),
        captures::thousands_of_lines(),
        captures::with_objects(),
    ] {
        let report = value(&captures::report(capture));
        validator.check(&schema, &report, "report").unwrap_or_else(|broken| panic!("{broken}"));
    }
    validator.check(&schema, &value(&captures::job()), "report").unwrap_or_else(|broken| panic!("{broken}"));
    // What only a run with the edit in place can tell.
    let mut proven = value(&captures::report(captures::with_objects()));
    proven["findings"][0]["verified"] =
        serde_json::json!({"peak_before_bytes": 5, "peak_after_bytes": 3, "same_output": true});
    validator.check(&schema, &proven, "report").unwrap_or_else(|broken| panic!("{broken}"));
    let mut promised = Vec::new();
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        let properties = definition["properties"].as_object().expect("properties");
        promised.extend(properties.keys().map(|property| format!("{name}.{property}")));
    }
    for property in promised {
        assert!(validator.met.contains(&property), "no report has {property}");
    }
}

#[test]
fn advice_holds_to_its_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../schema/advice.schema.json")).expect("the schema is JSON");
    let mut out = Vec::new();
    let report = captures::report(captures::with_objects());
    heapwise_report::advice::json(&report, &mut out).expect("a vector takes everything");
    let advice: Value = serde_json::from_slice(&out).expect("the advice is JSON");
    let mut validator = Validator { schema: schema.clone(), met: std::collections::BTreeSet::new() };
    validator.check(&schema, &advice, "advice").unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(advice["peak_bytes"], 540_000_000);
    assert_eq!(advice["findings"][0]["symbol"], "raw");
    assert_eq!(advice["findings"], value(&report)["findings"]);
    let report_schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    for name in ["finding", "fix", "verified"] {
        assert_eq!(schema["$defs"][name], report_schema["$defs"][name], "{name} is the same in both");
    }
}

#[test]
fn advice_for_code_scanning_and_for_workflows() {
    let report = captures::report(captures::with_objects());
    let mut out = Vec::new();
    heapwise_report::advice::github(&report, &mut out).expect("a vector takes everything");
    let text = String::from_utf8(out).expect("text is UTF-8");
    assert!(
        text.starts_with("::warning file=orders.py,line=4,endLine=5,title=heapwise dead-variable%3A "),
        "{text}"
    );
    assert_eq!(text.lines().count(), report.findings.len());
    let mut out = Vec::new();
    heapwise_report::advice::sarif(&report, &mut out).expect("a vector takes everything");
    let log: Value = serde_json::from_slice(&out).expect("SARIF is JSON");
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "dead-variable");
    let place = &run["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "orders.py");
    assert_eq!(place["region"], serde_json::json!({"startLine": 4, "endLine": 5}));
}

#[test]
fn objects_carry_where_they_were_allocated_and_what_they_share() {
    let report = captures::report(captures::with_objects());
    let [raw, made, orders] = report.objects.as_slice() else { panic!("{:?}", report.objects) };
    assert_eq!((raw.name.as_str(), orders.name.as_str()), ("load.raw", "load.orders"));
    let holder = made.holder.as_ref().map(|holder| (holder.kind, holder.function.as_str()));
    assert_eq!(
        holder,
        Some((HolderKind::Stack, "fit")),
        "what line 10 was making at the peak has no name yet"
    );
    let lines = [raw, made, orders].map(|object| object.allocated_at.as_ref().map(|at| at.line));
    assert_eq!(lines, [Some(4), Some(10), Some(5)]);
    assert_eq!(raw.growth.iter().map(|held| held.bytes).collect::<Vec<_>>(), [100_000_000, 200_000_000]);
    assert_eq!(report.objects_explain_bytes, 540_000_000, "what two of them hold counts once");
}

#[test]
fn what_breaks_the_schema_is_found() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let whole = value(&captures::report(captures::tiny()));
    let mut broken = Vec::new();
    for (pointer, wrong) in [
        ("/schema", Value::from(2)),
        ("/leaked_bytes", Value::from(-1)),
        ("/peak/heap_bytes", Value::from(1.5)),
        ("/run/mode", Value::from("rough")),
        ("/run/exit", serde_json::json!({"code": 0, "signal": 9})),
        ("/lines/0/line", Value::Null),
        ("/call_tree/0/steps", serde_json::json!([])),
        ("/findings", serde_json::json!([{}])),
    ] {
        let mut report = whole.clone();
        *report.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = wrong;
        broken.push(report);
    }
    let mut more = whole.clone();
    more["peak"]["colour"] = Value::from("blue");
    let mut fewer = whole;
    fewer["peak"].as_object_mut().expect("an object").remove("time_s");
    broken.extend([more, fewer]);
    for report in broken {
        let mut validator = Validator { schema: schema.clone(), met: std::collections::BTreeSet::new() };
        assert!(validator.check(&schema, &report, "report").is_err(), "{report}");
    }
}

#[test]
fn several_processes_are_told_together_and_apart() {
    let report = value(&captures::job());
    let total = report["peak"]["heap_bytes"].as_u64().expect("a number");
    assert_eq!(total, 700_000 + 400_000 + 500_000);
    let processes = report["run"]["processes"].as_array().expect("a list");
    let of = |name: &str| processes.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("peak_bytes"), [700_000, 400_000, 500_000]);
    assert_eq!(of("peak_heap_bytes"), [900_000, 400_000, 500_000]);
    assert_eq!(of("begun"), ["launched", "fork", "exec"]);
    assert_eq!(of("still_running"), [false, false, true]);
    assert_eq!(report["run"]["not_followed"][0]["reason"], "it is PyPy 3.10, not CPython");
    let line = |number: u64| {
        let lines = report["lines"].as_array().expect("a list");
        lines.iter().find(|line| line["line"] == number).expect("the line")["peak_bytes"].clone()
    };
    assert_eq!((line(5), line(9)), (900_000.into(), 700_000.into()), "one line of two processes is one line");
    let objects = report["objects"].as_array().expect("a list");
    let of = |name: &str| objects.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        (of("process"), of("bytes")),
        (vec![103.into(), 102.into()], vec![500_000.into(), 400_000.into()])
    );
    assert_eq!(objects[0]["growth"][0]["time_s"], 0.045, "counted from the start of the first process");
    assert_eq!(report["objects_explain_bytes"], 900_000);
    assert_eq!(report["looks"]["count"], 2);
}

#[test]
fn a_report_in_json() {
    let mut out = Vec::new();
    json::render(&captures::report(captures::tiny()), &mut out).expect("a vector takes everything");
    insta::assert_snapshot!(String::from_utf8(out).expect("JSON is UTF-8"));
}

#[test]
fn sums_agree() {
    for capture in [captures::ordinary().build(), captures::recursive(), captures::hostile()] {
        let report = captures::report(capture);
        let peak = report.peak.heap_bytes;
        assert_eq!(report.lines.iter().map(|line| line.peak_bytes).sum::<u64>(), peak);
        assert_eq!(report.user_lines.iter().map(|line| line.peak_bytes).sum::<u64>(), peak);
        assert_eq!(report.functions.iter().map(|function| function.peak_bytes).sum::<u64>(), peak);
        assert_eq!(report.files.iter().map(|file| file.peak_bytes).sum::<u64>(), peak);
        assert_eq!(report.libraries.iter().map(|library| library.peak_bytes).sum::<u64>(), peak);
        assert_eq!(report.lines.iter().map(|line| line.leaked_bytes).sum::<u64>(), report.leaked_bytes);
        assert_eq!(report.timeline.iter().map(|moment| moment.heap_bytes).max(), Some(peak));
        assert!(report.timeline.is_sorted_by_key(|moment| moment.time_s));
        let highest = report.timeline.iter().find(|moment| moment.heap_bytes == peak);
        assert_eq!(highest.map(|moment| moment.time_s), Some(report.peak.time_s));
        for line in &report.user_lines {
            let below: u64 = line.libraries.iter().map(|library| library.peak_bytes).sum();
            assert!(below <= line.peak_bytes, "{line:?}");
        }
        if let Some(resident) = report.resident {
            let parts = resident.heap_bytes
                + resident.allocator_overhead_bytes
                + resident.allocator_free_bytes
                + resident.file_bytes
                + resident.library_variable_bytes
                + resident.stack_bytes
                + resident.startup_bytes
                + resident.profiler_bytes
                + resident.other_bytes;
            assert_eq!(parts, resident.rss_bytes);
        }
    }
}

#[test]
fn callers_are_in_the_lines_and_what_is_below_libraries_counts_for_the_user() {
    let report = captures::report(captures::ordinary().build());
    let line = |file: &str, number: u32| {
        report
            .lines
            .iter()
            .find(|line| line.file.ends_with(file) && line.line == number)
            .expect("the line is there")
    };
    let main = line("/flights.py", 20);
    assert_eq!((main.peak_bytes, main.peak_bytes_total), (0, 387_176_544));
    assert_eq!(
        (line("/flights.py", 5).peak_bytes, line("/flights.py", 5).peak_bytes_total),
        (0, 214_000_000)
    );
    assert_eq!(line("io/parsers/readers.py", 948).peak_bytes, 214_000_000);
    let load = &report.user_lines[0];
    assert_eq!((load.line, load.peak_bytes), (5, 214_000_000));
    assert_eq!(load.source.as_deref(), Some("frame = pd.read_csv(path)"));
    let none =
        report.lines.iter().find(|line| line.function == "<no Python>").expect("a thread without Python");
    assert_eq!((none.file.as_str(), none.line, none.peak_bytes), ("", 0, 5_000_000));
}

#[test]
fn recursion_is_told_once() {
    let report = captures::report(captures::recursive());
    let steps: Vec<Vec<(u32, u32)>> = report
        .call_tree
        .iter()
        .map(|call| call.steps.iter().map(|step| (step.line, step.depth)).collect())
        .collect();
    assert_eq!(steps, [vec![(12, 1), (3, 1_999), (2, 1)], vec![(13, 1), (6, 200), (9, 1)]]);
}

#[test]
fn generated_code_counts_for_the_line_that_called_it() {
    let mut capture = heapwise_testkit::CaptureBuilder::new(Mode::Exact);
    let made = capture.stack(&["<module>:9", "<string>:Point.__init__@2:3"]);
    let called = capture.stack(&["<module>:9", "<string>:Point.__init__@2:3", "check@4:5"]);
    let alone = capture.stack(&["<string>:<module>:1"]);
    capture.allocation(0x1000, 700, made).allocation(0x2000, 200, called).allocation(0x3000, 100, alone);
    let report = captures::report(capture.build());
    let mut told = Vec::new();
    for call in &report.call_tree {
        let lines: Vec<u32> = call.steps.iter().map(|step| step.line).collect();
        let below: Vec<u64> = call.calls.iter().map(|call| call.peak_bytes_total).collect();
        told.push((lines, call.peak_bytes_total, below));
    }
    assert_eq!(told, [(vec![9], 900, vec![200]), (vec![1], 100, vec![])]);
}

#[test]
fn a_capture_cut_off_anywhere_gives_a_report() {
    let whole = captures::ordinary().build();
    for length in (4_096..whole.len()).step_by(whole.len() / 97) {
        let report = captures::report(whole[..length].to_vec());
        assert!(!report.run.problems.is_empty());
        value(&report);
        let mut out = Vec::new();
        let options = heapwise_report::text::TextOptions { width: 80, color: true, lines: 10 };
        heapwise_report::text::render(&report, &options, &mut out).expect("a vector takes everything");
        assert!(String::from_utf8(out).expect("UTF-8").contains("Partial report"));
    }
}

/// How deep calls are nested.
fn levels(calls: &[heapwise_report::Call]) -> usize {
    calls.iter().map(|call| 1 + levels(&call.calls)).max().unwrap_or(0)
}

#[test]
fn a_call_chain_of_any_depth_is_no_danger() {
    // Every line is another function, so nothing of it recurs; each holds its part.
    let mut capture = heapwise_testkit::CaptureBuilder::new(Mode::Exact);
    let mut stack = capture.stack(&["f0:1"]);
    for depth in 1..5_000u64 {
        let position = heapwise_testkit::Position {
            line: depth as u32,
            end_line: depth as u32,
            column: 0,
            end_column: 0,
        };
        let frame = capture.frame("deep.py", &format!("f{depth}"), 1, position);
        stack = capture.node(stack, frame);
        capture.allocation(depth * 0x1000, 1_000, stack);
    }
    let report = captures::report(capture.build());
    assert!((2..=40).contains(&levels(&report.call_tree)), "{}", levels(&report.call_tree));
    value(&report);
}

#[test]
fn what_a_run_with_the_change_showed_is_in_every_form() {
    let mut report = captures::report(captures::with_objects());
    let shown = |report: &Report| {
        let (mut text, mut sarif, mut github) = (Vec::new(), Vec::new(), Vec::new());
        let options = heapwise_report::text::TextOptions { width: 200, color: false, lines: 10 };
        heapwise_report::text::render_advice(report, &options, &mut text).expect("a vector takes everything");
        heapwise_report::text::render(report, &options, &mut text).expect("a vector takes everything");
        heapwise_report::advice::sarif(report, &mut sarif).expect("a vector takes everything");
        heapwise_report::advice::github(report, &mut github).expect("a vector takes everything");
        [text, sarif, github].map(|form| String::from_utf8(form).expect("text is UTF-8"))
    };
    for (after, same_output, word) in [
        (300_000_000, true, "Proven: run again with the change, the peak was 300.0 MB instead of 540.0 MB"),
        (539_000_000, true, "Tried, not proven: run again with the change, the peak was 539.0 MB instead of"),
        (
            300_000_000,
            false,
            "Tried, not proven: run again with the change, the program did not do the same.",
        ),
    ] {
        report.findings[0].verified = Some(heapwise_advisor::Verified {
            peak_before_bytes: 540_000_000,
            peak_after_bytes: after,
            same_output,
        });
        let [text, sarif, github] = shown(&report);
        for form in [&text, &sarif, &github] {
            assert_eq!(form.matches(word).count(), 1, "{word} in {form}");
        }
        assert_eq!(text.contains("  proven: "), word.starts_with("Proven"), "{text}");
        assert!(sarif.contains(&format!("\"peak_after_bytes\": {after}")), "{sarif}");
    }
}

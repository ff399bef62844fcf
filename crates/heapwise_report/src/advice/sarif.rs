//! Advice as SARIF 2.1.0, as code scanning of GitHub and editors read it.
//!
//! Invariant: every result names a rule that the log describes; paths are relative to the folder of the run.

use std::fmt::Write as _;
use std::io;

use serde::Serialize as _;
use serde_json::{Value, json};

use super::{outcome, relative};
use crate::Report;

/// Writes one log with one run.
///
/// # Errors
/// Those of `out`.
pub fn render(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let described: Vec<Value> = rules.iter().map(|rule| description(rule)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.rule,
                "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
                "level": "warning",
                "message": {"text": format!("{}. {} {}", finding.title, finding.message, outcome(finding))},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {
                            "uri": uri(relative(report, &finding.file)),
                            "uriBaseId": "%SRCROOT%",
                        },
                        "region": {"startLine": finding.line, "endLine": finding.end_line},
                    },
                }],
                "partialFingerprints": {"heapwiseFinding/v1": finding.id},
                "properties": {
                    "peak_saving_bytes": finding.peak_saving_bytes,
                    "new_peak_bytes": finding.new_peak_bytes,
                    "symbol": finding.symbol,
                    "evidence": finding.evidence,
                    "verified": finding.verified,
                },
            })
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "heapwise",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    log.serialize(&mut serde_json::Serializer::pretty(&mut *out))?;
    out.write_all(b"\n")
}

fn description(id: &str) -> Value {
    let known = heapwise_advisor::rules::rule(id);
    json!({
        "id": id,
        "shortDescription": {"text": known.map_or(id, |rule| rule.summary())},
        "help": {
            "text": known.map_or("", |rule| rule.page()),
            "markdown": known.map_or("", |rule| rule.page()),
        },
        "properties": {"tags": ["memory"]},
    })
}

/// A path as a URI reference: what is no plain character is coded by its bytes.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A string takes everything.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

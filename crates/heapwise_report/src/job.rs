//! From a run of several processes to its report.
//!
//! Invariant: what is told of places is told of all processes together, at the moment at which they held most
//! together; the run itself is that of the first process.

use std::cmp::Reverse;

use heapwise_analysis::profile::{Job, Process as Recorded};
use heapwise_analysis::{self as analysis, JobAnalysis, ProcessTotals};

use crate::build::{exit, seconds};
use crate::model::{AmongOthers, Begun, NotFollowed, Process, Report, ResidentKind};
use crate::objects;

impl Report {
    /// Gathers all there is to tell of a run of several processes. `analysis` must be that of `job`.
    pub fn build_job(job: &Job, analysis: &JobAnalysis) -> Self {
        let mut report = Self::build(&analysis.profile, &analysis.analysis);
        let parts = || job.processes.iter().zip(&analysis.processes).enumerate();
        report.run.processes =
            parts().map(|(index, (recorded, totals))| process(index, recorded, totals)).collect();
        if analysis.shared_pages_once {
            report.run.resident_kind = ResidentKind::Pss;
        }
        report.run.problems = job.problems.iter().map(ToString::to_string).collect();
        for (index, (recorded, totals)) in parts() {
            report.run.problems.extend(totals.problems.iter().map(|problem| match index {
                0 => problem.to_string(),
                _ => format!("process {}: {problem}", recorded.profile.header().pid),
            }));
        }
        report.add_not_followed(job);
        report.add_objects(job, analysis);
        report
    }

    /// The objects of each process at the moment at which all together held most. The merged profile has none.
    fn add_objects(&mut self, job: &Job, analysis: &JobAnalysis) {
        for (recorded, totals) in job.processes.iter().zip(&analysis.processes) {
            let profile = &recorded.profile;
            let looks = objects::looks(profile);
            self.looks.count += looks.count;
            self.looks.cpu_s += looks.cpu_s;
            self.looks.allowed_s += looks.allowed_s;
            if totals.peak_bytes == 0 {
                continue;
            }
            let seen = analysis::objects_at(profile, &totals.at_peak);
            let explained = seen.explained_bytes(totals.at_peak.sequence).min(totals.peak_bytes);
            self.objects_explain_bytes += explained;
            let mut held = objects::held(profile, &seen, totals.start_ms);
            for object in &mut held {
                object.process = Some(profile.header().pid);
            }
            self.objects.append(&mut held);
        }
        // What is the same thing under another name stays behind the first one: the order of equals is kept.
        self.objects.sort_by_key(|object| Reverse(object.bytes));
    }

    /// Names the processes of the run that could not be followed.
    pub fn add_not_followed(&mut self, job: &Job) {
        self.run.not_followed.extend(job.not_followed.iter().map(|note| NotFollowed {
            pid: note.pid,
            parent: note.parent,
            command: note.command.clone(),
            reason: note.reason.clone(),
        }));
    }
}

fn process(index: usize, recorded: &Recorded, totals: &ProcessTotals) -> Process {
    let header = recorded.profile.header();
    let begun = match (index, recorded.profile.fact("begun").next()) {
        (0, _) => Begun::Launched,
        (_, Some("fork")) => Begun::Fork,
        _ => Begun::Exec,
    };
    Process {
        pid: header.pid,
        parent: header.parent_pid,
        command: recorded.profile.fact("argument").map(str::to_owned).collect(),
        peak_heap_bytes: totals.own_peak_bytes,
        among_others: Some(AmongOthers {
            peak_bytes: totals.peak_bytes,
            rss_bytes: totals.max_rss_bytes,
            pss_bytes: totals.max_pss_bytes,
            begun,
            start_s: seconds(totals.start_ms),
            end_s: seconds(totals.end_ms),
            exit: header.outcome.ending.map(exit),
            still_running: recorded.still_running,
        }),
    }
}

//! Which of several looks tells what held the high-water mark.

use heapwise_analysis::profile::Profile;
use heapwise_analysis::profile::inspection::{Inspection, Object};
use heapwise_analysis::{analyse, objects};
use heapwise_testkit::{CaptureBuilder, Mode};

/// A look at the state behind the first event, which found so many bytes under one name.
fn look(bytes: u64, complete: bool) -> Inspection {
    let object = Object { name: "rows".to_owned(), bytes, own_bytes: bytes, ..Object::default() };
    Inspection { sequence: 1, complete, reached_bytes: bytes, objects: vec![object], ..Inspection::default() }
}

/// The bytes of the look that is chosen, of those at a heap of 1,000,000 bytes.
fn chosen(looks: &[Inspection]) -> u64 {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.allocation(0x10_0000, 1_000_000, 0);
    for look in looks {
        capture.inspection(look);
    }
    let profile = Profile::from_bytes(capture.build()).expect("it opens");
    let analysis = analyse(&profile);
    objects(&profile, &analysis).inspection.expect("a look").objects[0].bytes
}

#[test]
fn the_one_that_found_names_for_more() {
    assert_eq!(chosen(&[look(300_000, false), look(900_000, false)]), 900_000);
    assert_eq!(chosen(&[look(900_000, false), look(300_000, false)]), 900_000);
    assert_eq!(chosen(&[look(900_000, false), look(300_000, true)]), 900_000, "its names had ended");
}

#[test]
fn one_that_met_everything_rather_than_a_sample_of_the_same() {
    assert_eq!(chosen(&[look(1_000_000, false), look(960_000, true)]), 960_000);
    assert_eq!(chosen(&[look(960_000, true), look(1_000_000, false)]), 960_000);
}

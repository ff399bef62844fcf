//! The what-if replay, one pass for all scenarios, against a plain model that replays each by itself.

use std::collections::HashMap;
use std::sync::Arc;

use heapwise_analysis::profile::Profile;
use heapwise_analysis::{Change, Effect, Scenario, analyse, what_if};
use heapwise_testkit::{CaptureBuilder, Mode, StackId};
use proptest::prelude::*;

const STACKS: u32 = 3;

#[derive(Debug, Clone, Copy)]
enum Step {
    Allocate {
        slot: u64,
        size: u64,
        stack: u32,
    },
    Free {
        slot: u64,
    },
    /// Mappings are never freed here, so that each is one run.
    Map {
        length: u64,
        stack: u32,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u64..8, 1u64..1000, 0..STACKS)
            .prop_map(|(slot, size, stack)| Step::Allocate { slot, size, stack }),
        3 => (0u64..8).prop_map(|slot| Step::Free { slot }),
        1 => (1u64..4, 0..STACKS).prop_map(|(pages, stack)| Step::Map { length: pages * 4096, stack }),
    ];
    prop::collection::vec(step, 1..40)
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Absent),
        prop_oneof![Just(0.0), Just(0.5), Just(2.0)].prop_map(Effect::Factor),
        (0u64..2000).prop_map(Effect::Size),
        (0u64..45).prop_map(Effect::FreedAt),
        prop::collection::vec(0u64..45, 0..6).prop_map(|mut moments| {
            moments.sort_unstable();
            Effect::FreedAtFirstOf(Arc::from(moments))
        }),
    ]
}

/// Stacks are chosen by index here and put in their place later.
fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (1u64..45, effect()).prop_map(|(born, effect)| Change::Block { born, effect }),
        (prop::collection::vec(0..STACKS, 0..3), 0u64..20, 0u64..45, effect())
            .prop_map(|(stacks, from, until, effect)| Change::Stacks { stacks, from, until, effect }),
        (0u64..45, 0u64..45, -500i64..500).prop_map(|(from, until, bytes)| Change::Amount {
            from,
            until,
            bytes
        }),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Block {
    born: u64,
    /// One that was freed by its event, `u64::MAX` if none.
    freed: u64,
    size: u64,
    stack: StackId,
    mapped: bool,
}

fn blocks(steps: &[Step], stacks: &[StackId]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut live: HashMap<u64, usize> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let now = index as u64 + 1;
        let (slot, new) = match *step {
            Step::Allocate { slot, size, stack } => (Some(slot), Some((size, stack, false))),
            Step::Free { slot } => (Some(slot), None),
            Step::Map { length, stack } => (None, Some((length, stack, true))),
        };
        if let Some(old) = slot.and_then(|slot| live.remove(&slot)) {
            blocks[old].freed = now;
        }
        if let Some((size, stack, mapped)) = new {
            if let Some(slot) = slot {
                live.insert(slot, blocks.len());
            }
            let stack = stacks[stack as usize];
            blocks.push(Block { born: now, freed: u64::MAX, size, stack, mapped });
        }
    }
    blocks
}

/// What a block has left under all changes of a scenario: when the event `now` happens, or `behind` it, when what is
/// due has happened too.
fn left(block: &Block, changes: &[Change], now: u64, behind: bool) -> f64 {
    if block.born > now || block.freed <= now {
        return 0.0;
    }
    let mut least: Option<f64> = None;
    let mut end = u64::MAX;
    for change in changes {
        let effect = match change {
            Change::Block { born, effect } if *born == block.born => effect,
            Change::Stacks { stacks, from, until, effect }
                if stacks.contains(&block.stack) && *from < block.born && block.born <= *until =>
            {
                effect
            }
            _ => continue,
        };
        let size = match effect {
            Effect::Absent => 0.0,
            Effect::Factor(factor) => block.size as f64 * factor,
            Effect::Size(size) => *size as f64,
            Effect::FreedAt(moment) => {
                end = end.min(*moment);
                continue;
            }
            Effect::FreedAtFirstOf(moments) => {
                end = end.min(*moments.iter().find(|&&moment| moment >= block.born).unwrap_or(&u64::MAX));
                continue;
            }
        };
        least = Some(least.map_or(size, |known| known.min(size)));
    }
    // It is there at its birth whatever the end.
    if end.max(block.born) < now + u64::from(behind) { 0.0 } else { least.unwrap_or(block.size as f64) }
}

fn peak(blocks: &[Block], changes: &[Change], events: u64) -> u64 {
    let heap = |now: u64, behind: bool| -> f64 {
        let held: f64 = blocks.iter().map(|block| left(block, changes, now, behind)).sum();
        let more = changes.iter().map(|change| match *change {
            Change::Amount { from, until, bytes }
                if from < now + u64::from(behind) && now + u64::from(behind) <= until =>
            {
                bytes as f64
            }
            _ => 0.0,
        });
        held + more.sum::<f64>()
    };
    let at = (1..=events).map(|now| heap(now, false));
    at.chain((0..events).map(|now| heap(now, true))).fold(0.0, f64::max).round() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn one_pass_for_all_scenarios_finds_what_one_for_each_finds(
        steps in steps(),
        scenarios in prop::collection::vec(prop::collection::vec(change(), 0..4), 1..6),
    ) {
        let mut capture = CaptureBuilder::new(Mode::Exact);
        let stacks: Vec<StackId> =
            (1..=STACKS).map(|line| capture.stack(&[&format!("main:{line}")])).collect();
        for (index, step) in steps.iter().enumerate() {
            match *step {
                Step::Allocate { slot, size, stack } => {
                    capture.allocation(0x1000 + slot * 4096, size, stacks[stack as usize]);
                }
                Step::Free { slot } => {
                    capture.free(0x1000 + slot * 4096);
                }
                Step::Map { length, stack } => {
                    let at = (1 << 30) + ((index as u64) << 20);
                    capture.map(at, length, stacks[stack as usize], true);
                }
            }
        }
        let profile = Profile::from_bytes(capture.build()).expect("the header is valid");
        let place = |change: Change| match change {
            Change::Stacks { stacks: chosen, from, until, effect } => {
                let chosen = chosen.iter().map(|&stack| stacks[stack as usize]).collect();
                Change::Stacks { stacks: chosen, from, until, effect }
            }
            other => other,
        };
        let scenarios: Vec<Scenario> = scenarios
            .into_iter()
            .map(|changes| Scenario { changes: changes.into_iter().map(place).collect() })
            .collect();
        let blocks = blocks(&steps, &stacks);
        prop_assert!(blocks.iter().filter(|block| block.mapped).all(|block| block.freed == u64::MAX));
        let outcomes = what_if(&profile, &analyse(&profile), &scenarios);
        for (scenario, outcome) in scenarios.iter().zip(outcomes) {
            let expected = peak(&blocks, &scenario.changes, steps.len() as u64);
            prop_assert_eq!(outcome.peak_bytes, expected, "{:?}", scenario);
        }
        let unchanged = what_if(&profile, &analyse(&profile), &[Scenario::default()]);
        prop_assert_eq!(unchanged[0].peak_bytes, analyse(&profile).peak.heap_bytes);
    }
}

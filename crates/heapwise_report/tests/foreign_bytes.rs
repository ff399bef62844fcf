//! Every reader of foreign bytes, on the seeds of the fuzz targets, on what fuzzing kept, and on random changes of both.
//!
//! The stable compiler's part of fuzzing: the same functions, the same inputs each time. What is found by `make fuzz` goes
//! into `fuzz/corpus` and is read here from then on.

#[path = "../../../fuzz/readers.rs"]
mod readers;
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

use std::fs;
use std::path::{Path, PathBuf};

/// Changes made of each input.
const CHANGES: u64 = 150;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus")
}

fn read(target: &str, bytes: &[u8]) {
    match target {
        "header" => readers::header(bytes),
        "tables" => readers::tables(bytes),
        "events" => readers::events(bytes),
        "inspection" => readers::inspection(bytes),
        "chunks" => readers::chunks(bytes),
        "capture" => readers::capture(bytes),
        _ => panic!("no reader is called {target}"),
    }
}

/// The seeds and what is kept, as (target, bytes).
fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs: Vec<_> =
        seeds::seeds().into_iter().map(|(target, _, bytes)| (target.to_owned(), bytes)).collect();
    for target in fs::read_dir(corpus()).expect("fuzz/corpus is committed").flatten() {
        let name = target.file_name().into_string().expect("a name in ASCII");
        let mut files: Vec<_> =
            fs::read_dir(target.path()).expect("a folder").flatten().map(|file| file.path()).collect();
        files.sort();
        inputs.extend(files.iter().map(|file| (name.clone(), fs::read(file).expect("a file"))));
    }
    inputs
}

/// Numbers that are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// A change as a fuzzer makes them: bytes set, cut out, doubled, numbers made extreme.
fn changed(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + numbers.below(16)).min(bytes.len());
        match numbers.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            2 => bytes[at..end].fill(0xff),
            3 => bytes[at..end].fill(0),
            4 => bytes.truncate(at),
            _ if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            _ => {}
        }
    }
    bytes
}

#[test]
fn seeds_and_what_fuzzing_kept_are_read() {
    let inputs = inputs();
    for target in ["header", "tables", "events", "inspection", "chunks", "capture"] {
        assert!(inputs.iter().any(|(name, _)| name == target), "no input for {target}");
    }
    for (target, bytes) in &inputs {
        read(target, bytes);
    }
}

#[test]
fn changed_inputs_are_read_or_refused() {
    for (index, (target, bytes)) in inputs().iter().enumerate() {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (index as u64 + 1));
        for _ in 0..CHANGES {
            read(target, &changed(bytes, &mut numbers));
        }
    }
}

#[test]
#[ignore = "writes the seeds into fuzz/corpus, where the fuzzer looks for them"]
fn write_seeds() {
    for (target, name, bytes) in seeds::seeds() {
        let folder = corpus().join(target);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), bytes).expect("a file");
    }
}

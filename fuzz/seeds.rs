//! The first inputs of the fuzz targets: captures, and parts of them, that the testkit makes.

use heapwise_capture::chunk;
use heapwise_capture::event::{EventKind, Resident};
use heapwise_capture::header::{Ending, HEADER_SIZE, MemoryKills, Mode, Outcome};
use heapwise_capture::inspection::{Inspection, Object};
use heapwise_testkit::CaptureBuilder;

/// A capture with every kind of record and event in it.
fn everything(mode: Mode) -> CaptureBuilder {
    let mut capture = CaptureBuilder::new(mode);
    capture.chunk_size(chunk::ALIGNMENT).header(|header| {
        header.outcome = Outcome {
            ending: Some(Ending::Signal(9)),
            max_rss_bytes: 1 << 30,
            duration_ns: 1_000_000_000,
            memory_kills: MemoryKills { group: Some(1), system: Some(1), group_limit_bytes: 1 << 29 },
        };
    });
    let look = Inspection {
        objects: vec![Object { name: "frame.column".to_owned(), ..Object::default() }],
        ..Inspection::default()
    };
    capture
        .fact("argument", "python")
        .fact("argument", "app.py")
        .fact("folder", "/home/ann")
        .source("/home/ann/app.py", "rows = []\nwhile True:\n    rows.append(bytes(1000))\n")
        .inspection(&look);
    let user = capture.stack(&["/home/ann/app.py:<module>:3", "/home/ann/app.py:load@1:2"]);
    let library = capture.stack(&["/home/ann/app.py:<module>:2", "/v/site-packages/numpy/core.py:zeros:7"]);
    capture.thread(2, "worker", user);
    for round in 0..4u64 {
        capture.on(1 + (round % 2) as u32).time(round * 10);
        if mode == Mode::Sampled {
            capture.sampling(10_000, 16_384);
        }
        let at = 0x10_0000 * (round + 1);
        capture.allocation(at, 1_000_000, user).allocation(at + 0x1000, 56, library).free(at);
        capture.map(0x7f00_0000_0000, 0x8000, library, true).protect(0x7f00_0000_2000, 0x2000, user, false);
        capture.unmap(0x7f00_0000_1000, 0x3000);
        capture.resident(Resident {
            anonymous: 5_000_000,
            file: 1_000_000,
            arenas: 262_144,
            ..Resident::default()
        });
        capture.event(&EventKind::Refused { size: 1 << 40, stack: user, limit: 0 });
    }
    capture
}

/// Inputs as (target, name, bytes).
pub(crate) fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (name, mode) in [("sampled", Mode::Sampled), ("exact", Mode::Exact)] {
        let file = everything(mode).build();
        seeds.push(("header", name, file[..HEADER_SIZE].to_vec()));
        // The committed contents of all chunks, by stream.
        let mut contents: [Vec<u8>; 3] = Default::default();
        let mut at = HEADER_SIZE;
        while let Some(Ok(header)) = file.get(at..).map(chunk::ChunkHeader::decode) {
            let start = at + chunk::HEADER_SIZE;
            contents[header.stream as usize].extend(&file[start..start + header.committed as usize]);
            at += header.size as usize;
        }
        let [tables, first, second] = contents;
        let mut divided = vec![u8::from(mode == Mode::Exact)];
        divided.extend((tables.len() as u16).to_le_bytes());
        divided.extend((first.len() as u16).to_le_bytes());
        divided.extend([&*tables, &first, &second].concat());
        seeds.push(("chunks", name, divided));
        seeds.push(("tables", name, tables));
        seeds.push(("events", name, first));
        seeds.push(("capture", name, file));
    }
    let look = Inspection { objects: vec![Object::default()], ..Inspection::default() };
    seeds.push(("inspection", "one", look.encode()));
    seeds.push(("inspection", "empty", b"{}".to_vec()));
    seeds
}

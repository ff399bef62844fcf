//! Captures small enough to check the numbers by hand.

use heapwise_analysis::profile::{
    Allocator, EventKind, NO_STACK, Origin, Problem, Profile, Resident, Sampling, Target,
};
use heapwise_analysis::{
    Analysis, LineTotals, NO_PYTHON, Place, Places, ResidentParts, ResidentPoint, Totals, Whose, analyse,
    call_tree, places,
};
use heapwise_testkit::{CaptureBuilder, Mode};

fn profile(capture: CaptureBuilder) -> Profile {
    Profile::from_bytes(capture.build()).expect("the header is valid")
}

fn analysed(capture: CaptureBuilder) -> Analysis {
    let analysis = analyse(&profile(capture));
    assert_eq!(analysis.problems, []);
    analysis
}

fn line<'a>(places: &Places<'a>, file: &str, line: u32) -> LineTotals<'a> {
    let mut found = places.lines.iter().filter(|it| it.place.file == file && it.place.line == line);
    let only = *found.next().unwrap_or_else(|| panic!("no line {file}:{line}"));
    assert!(found.next().is_none(), "one entry for {file}:{line}");
    only
}

#[test]
fn nothing_happened() {
    let capture = CaptureBuilder::new(Mode::Exact);
    let profile = profile(capture);
    let analysis = analyse(&profile);
    assert_eq!(analysis.peak, heapwise_analysis::Peak::default());
    assert_eq!(analysis.time_line(10).len(), 1);
    assert!(places(&profile, &analysis).lines.is_empty());
    let tree = call_tree(&profile, &analysis);
    assert_eq!((tree.nodes.len(), tree.root().total_bytes), (1, 0));
    assert_eq!((analysis.max_rss_bytes, analysis.resident_at_peak), (None, None));
}

#[test]
fn the_peak_is_what_was_live_and_not_what_came_before_or_after() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let load = capture.stack(&["main:1", "load:20"]);
    let fit = capture.stack(&["main:2", "fit:30"]);
    capture
        .time(10)
        .allocation(0x1000, 400, load)
        .time(20)
        .allocation(0x2000, 100, fit) // 500: the peak
        .time(100)
        .free(0x1000)
        .allocation(0x3000, 50, load)
        .time(200)
        .free(0x2000)
        .time(300)
        .allocation(0x4000, 450, fit) // 500 again
        .time(301)
        .free(0x4000)
        .free(0xdead0); // never recorded
    let analysis = analysed(capture);

    assert_eq!(analysis.peak.heap_bytes, 500);
    assert_eq!(analysis.peak.heap_blocks, 2);
    assert_eq!((analysis.peak.time_ms, analysis.peak.thread, analysis.peak.stack), (20, 1, fit));
    assert_eq!(analysis.peak.error_bytes, 0);
    assert_eq!((analysis.events, analysis.duration_ms), (8, 301));
    assert_eq!(analysis.sampling, Sampling::EXACT);
    let expected = Totals {
        peak_bytes: 400,
        peak_blocks: 1,
        allocated_bytes: 450,
        allocations: 2,
        leaked_bytes: 50,
        leaked_blocks: 1,
        temporary_bytes: 0,
        temporaries: 0,
    };
    assert_eq!(analysis.stack(load), expected);
    let expected = Totals {
        peak_bytes: 100,
        peak_blocks: 1,
        allocated_bytes: 550,
        allocations: 2,
        leaked_bytes: 0,
        leaked_blocks: 0,
        temporary_bytes: 450,
        temporaries: 1,
    };
    assert_eq!(analysis.stack(fit), expected);
    assert_eq!(analysis.total.peak_bytes, 500);
    assert_eq!(analysis.total.leaked_bytes, 50);
}

#[test]
fn an_allocation_where_another_lives_replaces_it() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let a = capture.stack(&["a:1"]);
    let b = capture.stack(&["b:2"]);
    capture.allocation(0x1000, 100, a).time(50).allocation(0x1000, 30, b);
    let analysis = analysed(capture);
    assert_eq!(analysis.peak.heap_bytes, 100);
    assert_eq!((analysis.stack(a).leaked_bytes, analysis.stack(b).leaked_bytes), (0, 30));
}

#[test]
fn blocks_of_more_than_four_gigabytes_are_exact() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let a = capture.stack(&["a:1"]);
    let size = (5 << 30) + 7;
    capture.allocation(0x1000, size, a).allocation(0x2000, u64::from(u32::MAX), a).free(0x1000);
    let analysis = analysed(capture);
    assert_eq!(analysis.peak.heap_bytes, size + u64::from(u32::MAX));
    assert_eq!(analysis.total.leaked_bytes, u64::from(u32::MAX));
}

#[test]
fn a_temporary_lives_ten_milliseconds_at_most() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let a = capture.stack(&["a:1"]);
    capture.time(100).allocation(0x10, 8, a).allocation(0x20, 4, a);
    // Another thread frees; its clock is its own, and its first event is behind in time.
    capture.on(2).time(90).allocation(0x30, 2, a).time(110).free(0x10).free(0x30).time(111).free(0x20);
    let analysis = analysed(capture);
    assert_eq!((analysis.total.temporaries, analysis.total.temporary_bytes), (2, 10));
    assert_eq!(analysis.duration_ms, 111);
}

#[test]
fn sampled_blocks_count_by_their_weight() {
    let mut capture = CaptureBuilder::new(Mode::Sampled);
    let a = capture.stack(&["a:1"]);
    let b = capture.stack(&["b:2"]);
    capture.sampling(1000, 16_384).allocation(0x10, 1000, a).allocation(0x20, 20_000, b);
    let analysis = analysed(capture);
    // p = 1 - 1/e = 0.632121: the small block stands for 1.581977 blocks and 1581.977 bytes, and its variance
    // is 1000² (1 - p) / p² = 920673.6.
    assert_eq!(analysis.stack(a).peak_bytes, 1582);
    assert_eq!(analysis.stack(a).allocations, 2);
    assert_eq!(analysis.stack(b).peak_bytes, 20_000);
    assert_eq!(analysis.peak.heap_bytes, 21_582);
    assert_eq!(analysis.peak.error_bytes, 960);
    assert_eq!(analysis.sampling, Sampling { interval: 1000, threshold: 16_384 });
}

#[test]
fn a_thread_without_python_belongs_to_the_line_that_started_it() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let start = capture.stack(&["main:5"]);
    capture.thread(1, "main", NO_STACK).thread(7, "pool", start);
    capture.allocation(0x10, 10, NO_STACK).on(7).allocation(0x20, 20, NO_STACK);
    let profile = profile(capture);
    let analysis = analyse(&profile);
    assert_eq!(analysis.stack(start).peak_bytes, 20);
    assert_eq!(analysis.stack(NO_STACK).peak_bytes, 10);
    let threads: Vec<_> = analysis.threads.iter().map(|it| (it.number, it.own.peak_bytes)).collect();
    assert_eq!(threads, [(1, 10), (7, 20)]);
    assert_eq!((analysis.peak.thread, analysis.peak.stack), (7, start));

    let places = places(&profile, &analysis);
    let unnamed = places.lines.iter().find(|it| it.place == Place::NO_PYTHON).expect("an entry");
    assert_eq!((unnamed.own.peak_bytes, unnamed.total.peak_bytes, unnamed.user.peak_bytes), (10, 10, 10));
    assert_eq!(unnamed.whose, Whose::NoPython);
    assert!(places.files.iter().any(|it| it.file == NO_PYTHON && it.own.peak_bytes == 10));
}

#[test]
fn a_block_counts_once_for_each_place_however_often_it_is_on_the_stack() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    // walk calls itself from line 11 twice; the innermost one allocates at line 12.
    let deep = capture.stack(&["main@1:3", "walk@10:11", "walk@10:11", "walk@10:12"]);
    let shallow = capture.stack(&["main@1:3", "walk@10:12"]);
    capture.allocation(0x10, 100, deep).allocation(0x20, 10, shallow);
    let profile = profile(capture);
    let analysis = analyse(&profile);
    let places = places(&profile, &analysis);

    let bytes = |number| {
        let it = line(&places, "app.py", number);
        (it.own.peak_bytes, it.total.peak_bytes)
    };
    assert_eq!(bytes(3), (0, 110));
    assert_eq!(bytes(11), (0, 100));
    assert_eq!(bytes(12), (110, 110));
    let functions: Vec<_> = places
        .functions
        .iter()
        .map(|it| (it.place.function, it.place.line, it.own.peak_bytes, it.total.peak_bytes))
        .collect();
    assert_eq!(functions, [("walk", 10, 110, 110), ("main", 1, 0, 110)]);
    assert_eq!(places.files.len(), 1);
    assert_eq!((places.files[0].own.peak_bytes, places.files[0].total.peak_bytes), (110, 110));
    assert_eq!((places.files[0].own.peak_blocks, places.files[0].own.allocations), (2, 2));
}

#[test]
fn bytes_of_libraries_are_shown_at_the_line_of_the_user() {
    const PANDAS: &str = "/v/lib/python3.12/site-packages/pandas/frame.py";
    const JSON: &str = "/usr/lib/python3.12/json/decoder.py";
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let merge = format!("{PANDAS}:merge:7");
    let decode = format!("{JSON}:decode:9");
    // User code that pandas calls back, which calls json.
    let callback = capture.stack(&["main:1", &merge, "key:2", &decode]);
    let plain = capture.stack(&["main:1", &merge]);
    let library_only = capture.stack(&[&merge, &decode]);
    let python_only = capture.stack(&[&decode]);
    let string = capture.stack(&["<string>:<module>:1", &merge]);
    // What a library generates for a class of the user's (a dataclass's `__init__`) is no line of the user's.
    let generated = capture.stack(&["make:5", "<string>:__init__:3"]);
    capture
        .allocation(0x60, 100_000, generated)
        .allocation(0x10, 1, callback)
        .allocation(0x20, 10, plain)
        .allocation(0x30, 100, library_only)
        .allocation(0x40, 1000, python_only)
        .allocation(0x50, 10_000, string);
    let profile = profile(capture);
    let analysis = analyse(&profile);
    let places = places(&profile, &analysis);
    let user = |file, number| line(&places, file, number).user.peak_bytes;
    assert_eq!(user("app.py", 2), 1);
    assert_eq!(user("app.py", 1), 10);
    assert_eq!(user(PANDAS, 7), 100);
    assert_eq!(user(JSON, 9), 1000);
    assert_eq!(user("<string>", 1), 10_000);
    assert_eq!(user("app.py", 5), 100_000);
    assert_eq!(user("<string>", 3), 0);
    assert_eq!(places.lines.iter().map(|it| it.user.peak_bytes).sum::<u64>(), 111_111);

    let origins: Vec<_> =
        places.origins.iter().map(|it| (it.whose, it.own.peak_bytes, it.total.peak_bytes)).collect();
    assert_eq!(
        origins,
        [
            (Whose::Code(Origin::NoFile), 100_000, 110_000),
            (Whose::Code(Origin::Library("pandas")), 10_010, 10_111),
            (Whose::Code(Origin::Python), 1101, 1101),
            (Whose::Code(Origin::User), 0, 100_011),
        ]
    );
}

#[test]
fn the_tree_merges_by_line_and_sorts_by_bytes() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let position = |column| heapwise_testkit::Position { line: 4, end_line: 4, column, end_column: 0 };
    let main = capture.stack(&["main:1"]);
    // Two calls on one line, told apart by columns only.
    let [left, right] = [3, 9].map(|column| {
        let frame = capture.frame("app.py", "load", 1, position(column));
        capture.node(main, frame)
    });
    let fit = capture.stack(&["main:1", "fit:8"]);
    let freed = capture.stack(&["main:1", "freed:9"]);
    capture
        .allocation(0x50, 5, freed)
        .free(0x50)
        .allocation(0x10, 10, left)
        .allocation(0x20, 20, right)
        .allocation(0x30, 40, fit)
        .allocation(0x40, 7, NO_STACK)
        .allocation(0x60, 1, main);
    let profile = profile(capture);
    let tree = call_tree(&profile, &analyse(&profile));
    let shown: Vec<_> = tree
        .nodes
        .iter()
        .map(|node| {
            let parent = tree.nodes[node.parent as usize].place.function;
            (
                parent,
                node.place.function,
                node.place.line,
                node.own_bytes,
                node.total_bytes,
                node.total_blocks,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (NO_PYTHON, NO_PYTHON, 0, 0, 78, 5),
            (NO_PYTHON, "main", 1, 1, 71, 4),
            (NO_PYTHON, NO_PYTHON, 0, 7, 7, 1),
            ("main", "fit", 8, 40, 40, 1),
            ("main", "load", 4, 30, 30, 2),
        ]
    );
    let children: Vec<_> = tree.children(tree.root()).iter().map(|node| node.total_bytes).collect();
    assert_eq!(children, [71, 7]);
}

#[test]
fn stacks_of_a_hundred_thousand_frames_are_no_trouble() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let frame = capture.frame("app.py", "down", 1, heapwise_testkit::Position::default());
    let other = capture.frame("app.py", "up", 1, heapwise_testkit::Position::default());
    let deepest = (0..100_000)
        .fold(NO_STACK, |stack, depth| capture.node(stack, if depth % 2 == 0 { frame } else { other }));
    capture.allocation(0x10, 10, deepest);
    let profile = profile(capture);
    let analysis = analyse(&profile);
    let places = places(&profile, &analysis);
    assert_eq!(places.lines.len(), 2);
    assert!(places.lines.iter().all(|it| it.total.peak_bytes == 10));
    assert_eq!(call_tree(&profile, &analysis).nodes.len(), 100_001);
}

#[test]
fn mapped_memory_counts_while_it_can_be_used() {
    const PAGE: u64 = 4096;
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let reserve = capture.stack(&["reserve:1"]);
    let commit = capture.stack(&["commit:2"]);
    let replace = capture.stack(&["replace:3"]);
    capture
        .map(0x10_0000, 100 * PAGE, reserve, false)
        .protect(0x10_0000, 10 * PAGE, commit, true) // 10 pages
        .protect(0x10_0000 + 5 * PAGE, 10 * PAGE, reserve, true) // 5 more, the other 5 are known
        .time(500)
        .map(0x10_0000 + 2 * PAGE, 4 * PAGE, replace, true) // in place of 3 + 1 pages
        .protect(0x10_0000 + 4 * PAGE, PAGE, replace, false)
        .protect(0x10_0000 + 4 * PAGE, PAGE, reserve, true)
        .unmap(0x10_0000 + 13 * PAGE, 100 * PAGE)
        .protect(0x90_0000, PAGE, commit, true); // not anonymous memory that is known
    let analysis = analysed(capture);
    assert_eq!(analysis.peak.heap_bytes, 15 * PAGE);
    assert_eq!(analysis.peak.stack, reserve);
    let pages = |stack| {
        let it = analysis.stack(stack);
        (it.peak_bytes / PAGE, it.leaked_bytes / PAGE, it.allocated_bytes / PAGE, it.leaked_blocks)
    };
    assert_eq!(pages(commit), (10, 6, 10, 2), "two pages in front of the replacement, four behind");
    assert_eq!(pages(reserve), (5, 4, 6, 2));
    assert_eq!(pages(replace), (0, 3, 4, 2));
    assert_eq!(analysis.total.allocations, 4);
}

#[test]
fn the_resident_memory_is_explained() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let a = capture.stack(&["a:1"]);
    let resident = Resident {
        anonymous: 10_000,
        file: 3000,
        shared: 500,
        agent: 1000,
        capture: 600,
        arenas: 4096,
        malloc_free: 200,
        malloc_used: 2100,
        before: 500,
        private: 300,
        stacks: 100,
        pools: 4096,
        ..Resident::default()
    };
    capture
        .allocation_by(Allocator::PythonObject, 0x10, 33, a) // 48 bytes of an arena
        .allocation_by(Allocator::PythonObject, 0x100, 513, a) // malloc gives that
        .allocation(0x1000, 2000, a)
        .event(&EventKind::Pool { address: 0x10_0000, length: 0x10_0000 })
        .allocation(0x10_0040, 1000, a)
        .time(20)
        .resident(resident)
        .time(30)
        .allocation(0x2000, 1, a) // the peak of the heap
        .free(0x1000)
        .time(40)
        .resident(Resident { anonymous: 400, file: 50_000, agent: 300, ..resident });
    let mut stamped = capture.clone();
    stamped.header(|header| header.outcome.max_rss_bytes = 77_777);
    assert_eq!(analysed(stamped).max_rss_bytes, Some(77_777));

    let analysis = analysed(capture);
    assert_eq!(analysis.max_rss_bytes, Some(50_900));
    let before = analysis.resident_at_peak.expect("a look");
    assert_eq!((before.time_ms, before.heap_bytes), (20, 3546));
    assert_eq!((before.small_object_bytes, before.pool_bytes), (48, 1000));
    // Of an arena 48 bytes for 33, of malloc 528 for 513 and 2016 for 2000.
    assert_eq!(before.overhead_bytes, 15 + 15 + 16);
    let expected = ResidentParts {
        total: 13_500,
        heap: 3546,
        overhead: 46,
        held_free: (4096 - 48) + (4096 - 1000) + 200,
        files: 3500 - 600,
        variables: 300,
        stacks: 100,
        before: 0,
        agent: 1000 + 600,
        rest: 0,
        not_resident: 0,
    };
    let held_free = 10_000 - 1000 - 300 - 100 - 3546 - 46;
    assert!(held_free < expected.held_free);
    assert_eq!(before.parts(), ResidentParts { held_free, ..expected });
    let roomy = ResidentPoint { resident: Resident { anonymous: 20_000, ..resident }, ..before };
    let held_free = (4096 - 48) + (4096 - 1000) + 200;
    let rest = 20_000 - 1000 - 300 - 100 - 3546 - 46 - held_free - 500;
    assert_eq!(roomy.parts(), ResidentParts { total: 23_500, held_free, before: 500, rest, ..expected });
    let most = analysis.resident_maximum.expect("a look");
    assert_eq!(most.time_ms, 40);
    // 300 for the agent's heap leave 100 for libraries' variables and nothing for the heap. The 600 of the capture are
    // pages of a file.
    let parts = most.parts();
    assert_eq!((parts.agent, parts.variables, parts.heap, parts.held_free), (300 + 600, 100, 0, 0));
    assert_eq!(parts.not_resident, 1547);
    assert_eq!(parts.total, parts.agent + parts.variables + parts.files);
}

#[test]
fn the_look_that_found_the_heap_nearest_to_its_peak_explains() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let a = capture.stack(&["a:1"]);
    let resident = Resident { anonymous: 5, ..Resident::default() };
    capture.allocation(0x10, 10, a).time(3).resident(resident).time(4).resident(resident);
    let at = |capture: CaptureBuilder| analysed(capture).resident_at_peak.map(|it| it.time_ms);
    assert_eq!(at(capture.clone()), Some(3), "the first one behind the peak");
    capture.time(5).allocation(0x20, 10, a).free(0x20).time(6).resident(resident);
    assert_eq!(at(capture.clone()), Some(6), "both are as near: the one behind");
    capture.allocation(0x20, 15, a).free(0x20).free(0x10).time(7).resident(resident);
    assert_eq!(at(capture), Some(6), "the last one before");
}

#[test]
fn of_a_reservation_counts_what_is_in_memory() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    let [a, b] = [capture.stack(&["a:1"]), capture.stack(&["a:2"])];
    let committed = |address, bytes, stack| EventKind::Committed { address, bytes, stack };
    capture
        .event(&EventKind::Reserve { address: 0x1000, length: 0x9000, stack: a })
        .event(&committed(0x1000, 0x2000, a))
        .event(&committed(0x1000, 0x5000, b))
        .event(&committed(0x1000, 0x4000, a)) // shrinks: from who came last
        .unmap(0x1000, 0x4800) // half of it, and half of what it holds
        .event(&committed(0x1000, 0x1000, a)) // nothing there any more
        .event(&committed(0x5800, 0x1000, a))
        .protect(0x5800, 0x4800, a, false)
        .event(&committed(0x5800, 0x1000, a))
        .protect(0x5800, 0x4800, a, true)
        .event(&committed(0x6000, 0xffff, b)) // more than there is
        .event(&EventKind::Pool { address: 0x6000, length: 0x1000 });
    let analysis = analysed(capture);
    assert_eq!((analysis.peak.heap_bytes, analysis.committed_at_peak), (0x5000, 0x5000));
    assert_eq!((analysis.stack(a).peak_bytes, analysis.stack(b).peak_bytes), (0x2000, 0x3000));
    assert_eq!((analysis.stack(a).leaked_bytes, analysis.stack(b).leaked_bytes), (0, 0x3800));
    assert_eq!((analysis.stack(a).leaked_blocks, analysis.stack(b).leaked_blocks), (0, 1));
}

#[test]
fn problems_of_events_are_told() {
    let mut capture = CaptureBuilder::new(Mode::Exact);
    capture.allocation(0x10, 10, 99);
    let analysis = analyse(&profile(capture));
    assert_eq!(analysis.problems, [Problem::UnknownReferences { target: Target::Stack, count: 1 }]);
    assert_eq!(analysis.stack(NO_STACK).peak_bytes, 10);
}

//! Walks the live objects of the running CPython: what they are, their bytes, who holds them.
//!
//! [`Inspector::look`] makes one [`Inspection`] of everything that has a name; [`Inspector::size_of`] and
//! [`Inspector::explain`] answer for one object. [`roots`] finds the names, [`walk`] the graph of references,
//! [`ownership`] who alone keeps what, [`describe`] says it in a person's words, [`facts`] looks at values,
//! [`garbage`] and [`resources`] at what is not freed or closed.
//! Invariants: nothing of the program is changed, no reference is kept, no Python code runs, and of libraries only what
//! Polars tells its columns with; time and memory of a look are bounded by what the caller allows.

#![allow(unsafe_code, reason = "reads another program's objects in memory; each block says why it may")]

mod addresses;
mod arrays;
mod arrow;
mod by_hand;
mod classes;
mod clock;
mod describe;
mod distinct;
mod facts;
mod garbage;
mod kinds;
mod memory;
mod numbers;
mod ownership;
mod parts;
mod polars;
mod resources;
mod roots;
mod samples;
mod tables;
mod walk;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use heapwise_capture::inspection::{Inspection, Object};
use heapwise_capture::origin::{Origin, origin};
use heapwise_cpython::objects::{Address, Live, Objects};
use heapwise_cpython::{Frame, FramePointer, FrameWork, Frames, Interpreter, Refusal};

pub use crate::clock::thread_time;
use crate::polars::PolarsColumns;
use crate::roots::{Libraries, Roots};
use crate::walk::{Limit, Walk};

/// Looks at the objects of an interpreter.
#[derive(Debug)]
pub struct Inspector {
    objects: Objects,
    /// Bytes that names did not explain when garbage was last looked for and there was none.
    without_garbage: AtomicU64,
    /// Looks with less time than this do not look for garbage, since one with half of it did not come to an end.
    garbage_needs_ns: AtomicU64,
    libraries: Mutex<Libraries>,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The objects. Sequence and time are the caller's to fill in.
    pub inspection: Inspection,
    /// The libraries that advice asks for, always the same and in the same order, with the versions of those that are
    /// loaded.
    pub versions: Vec<(&'static str, Option<String>)>,
    /// There are frames of Polars that could not be asked for their columns: one of its calls was at work.
    pub leaves_polars: bool,
}

/// What a look may cost, and what it is interested in.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Time that it may take, about.
    pub time: Duration,
    /// Objects that it may note, about; a note takes some 100 bytes while the look lasts.
    pub objects: usize,
    /// Holders of fewer bytes are left out.
    pub smallest: u64,
    /// Bytes of the live heap, about: where names explain most of them, garbage is not looked for.
    pub heap: u64,
}

impl Inspector {
    /// An inspector for this interpreter.
    ///
    /// # Errors
    /// A [`Refusal`] if the objects of this version cannot be read.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn new(interpreter: &Interpreter) -> Result<Self, Refusal> {
        Ok(Self {
            // SAFETY: passed on to the caller.
            objects: unsafe { Objects::find(interpreter)? },
            without_garbage: AtomicU64::new(0),
            garbage_needs_ns: AtomicU64::new(LEAST_FOR_GARBAGE.as_nanos() as u64),
            libraries: Mutex::default(),
        })
    }

    /// Whether a library is being imported: what is allocated then is its code, and no value has a name yet.
    ///
    /// # Safety
    /// As for [`Self::look`].
    pub unsafe fn is_importing(&self, interpreter: &Interpreter) -> bool {
        // SAFETY: passed on to the caller.
        let live = unsafe { Live::new(interpreter, &self.objects) };
        live.threads().iter().any(|thread| {
            let mut places = thread.frames.iter().map(|frame| live.code_place(frame.frame.code).0);
            let end =
                places.find(|file| file.starts_with("<frozen importlib") || origin(file) == Origin::User);
            end.is_some_and(|file| file.starts_with('<'))
        })
    }

    /// The innermost frame of the calling thread that runs this function (file and qualified name), else the innermost one
    /// of the user's code; and where it stands.
    ///
    /// # Safety
    /// As for [`Self::look`].
    pub unsafe fn users_frame(
        &self,
        interpreter: &Interpreter,
        function: Option<&(String, String)>,
    ) -> Option<(FramePointer, Frame)> {
        // SAFETY: passed on to the caller.
        let live = unsafe { Live::new(interpreter, &self.objects) };
        interpreter.with_frames(UsersFrame {
            interpreter,
            live,
            innermost: interpreter.current_frame(),
            function,
        })
    }

    /// Looks at everything that has a name.
    ///
    /// # Safety
    /// The calling thread holds the GIL, and the interpreter is the one that the inspector was made for.
    pub unsafe fn look(&self, interpreter: &Interpreter, allowance: Allowance) -> Look {
        let begun = Instant::now();
        let worked = thread_time();
        // SAFETY: passed on to the caller.
        let live = unsafe { Live::new(interpreter, &self.objects) };
        let mut columns = PolarsColumns::default();
        let mut held = Vec::new();
        loop {
            let mut libraries = self.libraries.lock().unwrap_or_else(PoisonError::into_inner);
            let roots = Roots::find(live, &mut libraries);
            drop(libraries);
            // A third of the time is for the values. Where there are many names, finding them has taken much of it.
            let until = (worked + allowance.time * 2 / 3).max(thread_time() + allowance.time / 3);
            let limit = Limit { nodes: allowance.objects, until: Some(until) };
            let mut walk = Walk::new(live, &roots.borders, &columns, limit);
            let addresses: Vec<Address> = roots.names.iter().map(|name| name.object).collect();
            walk.walk_from(&addresses, roots.unnamed);
            let met = walk.polars_met();
            if held.is_empty() && !met.is_empty() && polars::may_be_asked(live, interpreter.current_frame()) {
                // Nothing is known by its address any more once Polars has run, but for what is held.
                drop(walk);
                (columns, held) = PolarsColumns::ask(live, &met, Some(thread_time() + allowance.time / 3));
                continue;
            }
            let mut look = self.tell(&walk, &roots, allowance, worked);
            look.leaves_polars = held.is_empty() && !met.is_empty();
            look.inspection.complete &= !look.leaves_polars;
            look.inspection.duration_ns = begun.elapsed().as_nanos() as u64;
            look.inspection.worked_ns = thread_time().saturating_sub(worked).as_nanos() as u64;
            return look;
        }
    }

    /// What a walk has found. The look began at a [`thread_time`].
    fn tell(&self, walk: &Walk<'_>, roots: &Roots, allowance: Allowance, worked: Duration) -> Look {
        let reached_bytes: u64 = walk.weighted_sizes().iter().sum();
        let unexplained = allowance.heap.saturating_sub(reached_bytes);
        let without_garbage = self.without_garbage.load(Ordering::Relaxed);
        let mut garbage = garbage::Garbage::default();
        let has_time = allowance.time >= Duration::from_nanos(self.garbage_needs_ns.load(Ordering::Relaxed));
        // Where there was none, the search is worth its time again once there may be a quarter as much.
        let worthwhile = without_garbage + LEAST_GARBAGE.max(allowance.heap / 10).max(without_garbage / 4);
        if has_time && unexplained >= worthwhile {
            // Half of what is left, before the values take the rest.
            let now = thread_time();
            let until = now + (worked + allowance.time).saturating_sub(now) / 2;
            let found = garbage::find(walk, &roots.borders, allowance, until);
            if found.as_ref().is_none_or(|found| found.bytes == 0 && !found.is_all) {
                let needs = (allowance.time * 2).as_nanos() as u64;
                self.garbage_needs_ns.store(needs, Ordering::Relaxed);
            } else if found.as_ref().is_some_and(|found| found.bytes == 0) {
                self.without_garbage.store(unexplained, Ordering::Relaxed);
            }
            garbage = found.unwrap_or_default();
        }
        let mut inspection = describe::describe(walk, roots, allowance, worked + allowance.time);
        let unnamed = inspection.objects.iter().filter(|object| !object.has_users_name());
        inspection.unnamed_bytes = unnamed.map(|object| object.own_bytes).sum();
        inspection.garbage_bytes = garbage.bytes;
        inspection.objects.extend(garbage.objects);
        inspection.objects.sort_by_key(|object| std::cmp::Reverse(object.bytes));
        inspection.reached_bytes = reached_bytes;
        Look { inspection, versions: versions(walk.live, roots), leaves_polars: false }
    }

    /// The bytes that an object keeps alive, itself included, each once. What belongs to the interpreter is left out:
    /// modules, classes, code, and what never ends. Of a module or class that is asked for itself, its namespace counts.
    ///
    /// # Safety
    /// As for [`Self::look`]; `object` is live.
    pub unsafe fn size_of(&self, interpreter: &Interpreter, object: Address) -> u64 {
        // SAFETY: passed on to the caller.
        by_hand::size_of(unsafe { Live::new(interpreter, &self.objects) }, object)
    }

    /// What an object consists of, exactly. Its own bytes are those that end with it: everything that only it and its
    /// parts refer to.
    ///
    /// # Safety
    /// As for [`Self::size_of`].
    pub unsafe fn explain(&self, interpreter: &Interpreter, object: Address) -> Object {
        // SAFETY: passed on to the caller.
        by_hand::explain(unsafe { Live::new(interpreter, &self.objects) }, object)
    }
}

struct UsersFrame<'a> {
    interpreter: &'a Interpreter,
    live: Live<'a>,
    innermost: FramePointer,
    function: Option<&'a (String, String)>,
}

impl FrameWork for UsersFrame<'_> {
    type Output = Option<(FramePointer, Frame)>;

    fn run<F: Frames>(self, frames: F) -> Self::Output {
        let mut pointer = self.innermost;
        let mut of_user = None;
        while pointer != 0 {
            // SAFETY: a frame of the calling thread's chain, in which nothing runs meanwhile.
            let (frame, previous, is_python) = unsafe {
                let (frame, previous) = frames.frame(pointer);
                let is_python = frames.is_python(pointer) && !self.interpreter.is_internal(frame.code);
                (frame, previous, is_python)
            };
            if is_python {
                let (file, function, _) = self.live.code_place(frame.code);
                if self.function.is_some_and(|wanted| wanted.0 == file && wanted.1 == function) {
                    return Some((pointer, frame));
                }
                if of_user.is_none() && origin(&file) == Origin::User {
                    of_user = Some((pointer, frame));
                }
            }
            pointer = previous;
        }
        of_user
    }
}

/// Shorter looks do not look for garbage.
const LEAST_FOR_GARBAGE: Duration = Duration::from_millis(3);
/// Garbage is looked for where names leave this much unexplained, bytes.
const LEAST_GARBAGE: u64 = 1_000_000;

/// Libraries whose version advice depends on.
const LIBRARIES: [&str; 12] = [
    "numpy",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "sklearn",
    "matplotlib",
    "torch",
    "xarray",
    "dask",
    "numba",
    "statsmodels",
];

fn versions(live: Live<'_>, roots: &Roots) -> Vec<(&'static str, Option<String>)> {
    LIBRARIES
        .into_iter()
        .map(|library| {
            let module = roots.libraries.iter().find(|(name, _)| name == library);
            let version = module.and_then(|&(_, dict)| live.dict_get(dict, "__version__"));
            (library, version.filter(|&text| live.is_string(text)).map(|text| live.text(text, 100)))
        })
        .collect()
}

//! From the frames of a thread to a stack number, cheaply: most of a stack is as it was a moment ago.
//!
//! Each thread remembers the chain of frames that it saw last, outermost first, with the stack number up to each.
//! A new look walks inwards-out until it meets a frame of the remembered chain at the same address, with the
//! same code and instruction; if all frames further out are unchanged too, only the new ones need numbers.
//!
//! That they are unchanged has to be checked: a loop may have returned to an outer frame, moved on there, and
//! called the same functions again, at the same addresses. But that takes time. A frame at distance d from the
//! meeting point can only have moved if d returns and d calls happened in between, and no call with its return
//! takes a Python less than [`TICKS_PER_CALL`] ticks of the processor's clock. So of a deep stack only as many
//! frames are checked as could have moved in the time since the last look; a look costs in proportion to what
//! the program did, not to the depth of its stack.

use heapwise_capture::table::{NO_STACK, StackId};
use heapwise_cpython::{Frame, FramePointer, FrameWork, Frames, Interpreter};

use crate::platform;

/// Ticks that a Python call and its return take at the very least. The fastest measured (an empty function in a
/// loop, 3.13) takes 36, at 2.6 ticks a nanosecond.
const TICKS_PER_CALL: u64 = 24;
/// Frames that are always checked. Up to twice this depth all are: reading the clock would cost as much.
const ALWAYS_CHECKED: usize = 6;
/// What the number of a stack that is not remembered counts for in [`StackCache::take_work`]: it may have to be written.
const NEW_STACK: usize = 16;
/// Entries of the caches, powers of two. That of positions grows with the depth of the stack, that of nodes with
/// the number of different stacks.
const FEWEST_POSITIONS: usize = 512;
const FEWEST_PLACES: usize = 128;
const MOST_PLACES: usize = 1 << 14;

/// One frame of the remembered chain, also those that the interpreter keeps for itself.
#[derive(Debug, Clone, Copy)]
struct Link {
    pointer: FramePointer,
    frame: Frame,
    stack: StackId,
}

/// A remembered step from a stack to the next: `stack` is `parent` with the frame of this key on top.
#[derive(Debug, Clone, Copy)]
struct Node {
    key: u64,
    parent: StackId,
    stack: StackId,
}

/// The nodes that share a place, which is a cache line, the newest first.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Place([Node; 4]);

const EMPTY: Place = Place([Node { key: 0, parent: NO_STACK, stack: NO_STACK }; 4]);

/// What a thread remembers.
#[derive(Debug)]
pub(crate) struct StackCache {
    chain: Vec<Link>,
    /// From a frame's address to its place in the chain, if it is still there.
    positions: Vec<u32>,
    fresh: Vec<(FramePointer, Frame)>,
    nodes: Vec<Place>,
    /// Steps that were not among the nodes since these last grew.
    misses: usize,
    generation: u32,
    /// When the program went on after a look, or earlier.
    left_at: u64,
    /// Frames that were read or numbered since [`Self::take_work`] was last called.
    work: usize,
}

impl StackCache {
    pub(crate) fn new() -> Self {
        Self {
            chain: Vec::new(),
            positions: vec![0; FEWEST_POSITIONS],
            fresh: Vec::new(),
            nodes: vec![EMPTY; FEWEST_PLACES],
            misses: 0,
            generation: 0,
            left_at: 0,
            work: 0,
        }
    }

    /// The program goes on: what the agent did since the last look was no time in which frames moved.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if self.chain.len() > 2 * ALWAYS_CHECKED {
            self.left_at = platform::ticks();
        }
    }

    /// How many frames were looked at since this was last asked, a new stack's among them as [`NEW_STACK`].
    #[inline]
    pub(crate) fn take_work(&mut self) -> usize {
        std::mem::take(&mut self.work)
    }

    /// The stack of the calling thread; `base` below its outermost frame.
    ///
    /// `generation` changes whenever a code object died, since its address may by now be another's. `number`
    /// gives a stack its number at first sight.
    #[inline]
    pub(crate) fn current<E>(
        &mut self,
        interpreter: &Interpreter,
        generation: u32,
        base: StackId,
        number: impl FnMut(StackId, Frame) -> Result<StackId, E>,
    ) -> Result<StackId, E> {
        let innermost = interpreter.current_frame();
        if innermost == 0 {
            return Ok(base);
        }
        if self.generation != generation {
            // The address of a code object may since have become another's.
            self.generation = generation;
            self.chain.clear();
            self.forget_nodes(FEWEST_PLACES);
        }
        interpreter.with_frames(Look { cache: self, innermost, base, number })
    }

    /// The look itself.
    #[inline]
    fn look<F: Frames, E>(
        &mut self,
        frames: F,
        innermost: FramePointer,
        base: StackId,
        mut number: impl FnMut(StackId, Frame) -> Result<StackId, E>,
    ) -> Result<StackId, E> {
        let mut pointer = innermost;
        self.fresh.clear();
        let mut kept = 0;
        let mut all = false;
        // Most often the innermost frame is the one it was, or the one outside it.
        let mut guess = self.chain.len().wrapping_sub(1);
        while pointer != 0 {
            // SAFETY: the pointer is of this thread's chain, and no Python runs during the walk.
            let (frame, outer) = unsafe { frames.frame(pointer) };
            if let Some((position, link)) = self.find(pointer, guess) {
                if link.frame == frame {
                    if self.unchanged_below(frames, position, outer, all) {
                        kept = position + 1;
                        break;
                    }
                    // Something moved further out: from here on nothing is taken for granted.
                    all = true;
                }
                guess = position.wrapping_sub(1);
            }
            self.fresh.push((pointer, frame));
            pointer = outer;
        }
        self.work += self.fresh.len();
        self.chain.truncate(kept);
        let mut stack = self.chain.last().map_or(base, |link| link.stack);
        while let Some((pointer, frame)) = self.fresh.pop() {
            // SAFETY: still of this thread's chain.
            if unsafe { frames.is_python(pointer) } {
                stack = self.step(stack, frame, frames.key(frame), &mut number)?;
            }
            let slot = spread(pointer, self.positions.len());
            self.positions[slot] = self.chain.len() as u32;
            self.chain.push(Link { pointer, frame, stack });
        }
        if self.chain.len() * 2 > self.positions.len() {
            self.widen();
        }
        Ok(stack)
    }

    /// Where in the chain a frame is, if it is still there.
    #[inline]
    fn find(&self, pointer: FramePointer, guess: usize) -> Option<(usize, &Link)> {
        if let Some(link) = self.chain.get(guess)
            && link.pointer == pointer
        {
            return Some((guess, link));
        }
        let position = self.positions[spread(pointer, self.positions.len())] as usize;
        let link = self.chain.get(position)?;
        (link.pointer == pointer).then_some((position, link))
    }

    /// Makes room for the positions of a deeper chain.
    #[cold]
    fn widen(&mut self) {
        let length = (self.chain.len() * 4).next_power_of_two();
        self.positions = vec![0; length];
        for (position, link) in self.chain.iter().enumerate() {
            self.positions[spread(link.pointer, length)] = position as u32;
        }
    }

    /// Whether the frames further out than the one at `position` are those of the chain, as far as they can have
    /// moved since the last look.
    #[inline]
    fn unchanged_below<F: Frames>(
        &mut self,
        frames: F,
        position: usize,
        outer: FramePointer,
        all: bool,
    ) -> bool {
        let mut check = position;
        if position > 2 * ALWAYS_CHECKED && !all {
            let passed = platform::ticks().wrapping_sub(self.left_at) / TICKS_PER_CALL;
            check =
                position.min(ALWAYS_CHECKED.saturating_add(usize::try_from(passed).unwrap_or(usize::MAX)));
        }
        self.work += check;
        let mut pointer = outer;
        for link in self.chain[position - check..position].iter().rev() {
            if pointer != link.pointer {
                return false;
            }
            // The remembered address, not the equal one just read: the processor need not wait for that.
            let remembered = platform::opaque(link.pointer);
            // SAFETY: not 0, since links never are, and of this thread's chain; a change of generation would have
            // emptied the chain.
            let (same, next) = unsafe { frames.unchanged(remembered, link.frame) };
            if !same {
                return false;
            }
            pointer = next;
        }
        check < position || pointer == 0
    }

    /// Empties the nodes, to have so many places.
    #[cold]
    fn forget_nodes(&mut self, places: usize) {
        self.misses = 0;
        self.nodes.clear();
        self.nodes.shrink_to(places);
        self.nodes.resize(places, EMPTY);
    }

    #[inline]
    fn step<E>(
        &mut self,
        parent: StackId,
        frame: Frame,
        key: Option<u64>,
        number: &mut impl FnMut(StackId, Frame) -> Result<StackId, E>,
    ) -> Result<StackId, E> {
        let Some(key) = key else { return number(parent, frame) };
        // Stacks are numbered as they are first seen, so those of a recursion are neighbours here.
        let index =
            spread(key as usize, self.nodes.len()).wrapping_add(parent as usize / 4) & (self.nodes.len() - 1);
        let Place(nodes) = &mut self.nodes[index];
        for node in &*nodes {
            if node.key == key && node.parent == parent && node.stack != NO_STACK {
                return Ok(node.stack);
            }
        }
        let stack = number(parent, frame)?;
        nodes.copy_within(..3, 1);
        nodes[0] = Node { key, parent, stack };
        self.work += NEW_STACK;
        self.misses += 1;
        if self.misses > 8 * self.nodes.len() && self.nodes.len() < MOST_PLACES {
            self.forget_nodes(self.nodes.len() * 4);
        }
        Ok(stack)
    }
}

/// A look, for whichever version the interpreter is of.
struct Look<'a, N> {
    cache: &'a mut StackCache,
    innermost: FramePointer,
    base: StackId,
    number: N,
}

impl<E, N: FnMut(StackId, Frame) -> Result<StackId, E>> FrameWork for Look<'_, N> {
    type Output = Result<StackId, E>;

    #[inline]
    fn run<F: Frames>(self, frames: F) -> Self::Output {
        self.cache.look(frames, self.innermost, self.base, self.number)
    }
}

/// A place for a value in a table whose length is a power of two.
#[inline]
fn spread(value: usize, length: usize) -> usize {
    (value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) & (length - 1)
}

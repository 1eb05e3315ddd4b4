//! A fixed team of threads that compute one thing together.
//!
//! The members stay awake for a moment after each piece of work, because the next one of the same
//! step follows within microseconds, and sleep when none comes. The caller is member 0.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};

/// Rounds of looking before a thread sleeps: some tens of microseconds. Nobody gives up the core in between:
/// whoever shares it may keep it for milliseconds, while a sleeper is woken at once.
const SPINS: u32 = 1_500;

type Work = dyn Fn(usize) + Sync;

/// Something with a cache line of its own (and the next, which processors fetch with it), so that
/// looking at it does not slow down who writes beside it.
#[repr(align(128))]
struct Alone<T>(T);

/// What the members share.
struct Shared {
    /// Counts pieces of work; a change says that `work` is new.
    round: Alone<AtomicU32>,
    /// The piece of work, valid from the change of `round` until `busy` is zero again.
    work: Alone<UnsafeCell<Option<*const Work>>>,
    /// Members that have not finished the present piece of work.
    busy: Alone<AtomicUsize>,
    /// Members that are asleep.
    asleep: AtomicUsize,
    /// The caller, where it sleeps until the last member is done.
    caller: Mutex<Option<Thread>>,
    caller_sleeps: AtomicBool,
    panicked: AtomicBool,
    ended: AtomicBool,
}

// SAFETY: `work` is written by the caller only while `busy` is zero, when no member reads it, and
// read by members only after the change of `round` (release/acquire) that follows the write.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `work` is only followed while the caller of `run` waits, so what it
// points to outlives every use on every thread.
unsafe impl Send for Shared {}

/// The team.
pub(in super::super) struct Team {
    shared: Arc<Shared>,
    members: Vec<(Thread, JoinHandle<()>)>,
    /// Held while work is done, so that two callers take turns.
    turn: Mutex<()>,
}

impl std::fmt::Debug for Team {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Team({} threads)", self.size())
    }
}

impl Team {
    /// A team of this many threads, the caller's included.
    pub(in super::super) fn new(size: usize, name: &str) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            round: Alone(AtomicU32::new(0)),
            work: Alone(UnsafeCell::new(None)),
            busy: Alone(AtomicUsize::new(0)),
            asleep: AtomicUsize::new(0),
            caller: Mutex::new(None),
            caller_sleeps: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let mut team = Self { shared, members: Vec::new(), turn: Mutex::new(()) };
        for index in 1..size.max(1) {
            let shared = Arc::clone(&team.shared);
            let handle = std::thread::Builder::new()
                .name(format!("{name}-{index}"))
                .spawn(move || serve(&shared, index))?;
            team.members.push((handle.thread().clone(), handle));
        }
        Ok(team)
    }

    /// The number of threads.
    pub(in super::super) fn size(&self) -> usize {
        self.members.len() + 1
    }

    /// From how many rows on it pays to give rows to members rather than parts of rows.
    pub(in super::super) fn enough(&self) -> usize {
        2 * self.size()
    }

    /// Runs the work once on every member, with its number, and returns when all are done.
    pub(in super::super) fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        if self.members.is_empty() {
            work(0);
            return;
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. The pointer is dead before this function returns:
        // below, it waits until every member is done, even if its own part panics.
        let erased: *const Work =
            unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static Work>(work) };
        // SAFETY: `busy` is zero and the turn is ours, so nobody reads the cell now.
        unsafe { *shared.work.0.get() = Some(erased) };
        shared.busy.0.store(self.members.len(), Ordering::Relaxed);
        // Sequentially consistent, as is the count of sleepers: either we see who fell asleep, or
        // they see the new round before they do.
        shared.round.0.fetch_add(1, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            for (thread, _) in &self.members {
                thread.unpark();
            }
        }
        let mine = catch_unwind(AssertUnwindSafe(|| work(0)));
        shared.wait_for_members();
        let theirs = shared.panicked.swap(false, Ordering::Relaxed);
        drop(turn);
        match mine {
            Err(panic) => resume_unwind(panic),
            Ok(()) if theirs => resume_unwind(Box::new("a member of the team panicked")),
            Ok(()) => {}
        }
    }

    /// The part of `count` things that a member takes care of: contiguous and nearly equal.
    pub(in super::super) fn share(&self, count: usize, member: usize) -> std::ops::Range<usize> {
        let size = self.size();
        (count * member / size)..(count * (member + 1) / size)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for (thread, handle) in self.members.drain(..) {
            thread.unpark();
            // A member that panicked outside of work has nothing left to tell.
            drop(handle.join());
        }
    }
}

impl Shared {
    /// Returns when no member is busy.
    fn wait_for_members(&self) {
        for _ in 0..SPINS {
            if self.busy.0.load(Ordering::Acquire) == 0 {
                return;
            }
            std::hint::spin_loop();
        }
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
        // Sequentially consistent, as is the count of the busy: either we see that nobody is, or the
        // last member sees that we sleep.
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while self.busy.0.load(Ordering::SeqCst) > 0 {
            std::thread::park();
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }

    /// A member is done.
    fn leave(&self) {
        if self.busy.0.fetch_sub(1, Ordering::SeqCst) == 1
            && self.caller_sleeps.load(Ordering::SeqCst)
        {
            let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone();
            caller.iter().for_each(Thread::unpark);
        }
    }
}

/// A member's life.
fn serve(shared: &Shared, index: usize) {
    let mut seen = 0;
    loop {
        let mut waited = 0;
        while shared.round.0.load(Ordering::Acquire) == seen {
            if shared.ended.load(Ordering::Relaxed) {
                return;
            }
            if waited < SPINS {
                waited += 1;
                std::hint::spin_loop();
                continue;
            }
            shared.asleep.fetch_add(1, Ordering::SeqCst);
            if shared.round.0.load(Ordering::SeqCst) == seen && !shared.ended.load(Ordering::SeqCst)
            {
                std::thread::park();
            }
            shared.asleep.fetch_sub(1, Ordering::SeqCst);
        }
        seen = seen.wrapping_add(1);
        // SAFETY: the round changed, so the caller has written the cell and waits for `busy`.
        let work = unsafe { *shared.work.0.get() };
        if let Some(work) = work {
            // SAFETY: the caller of `run` keeps what this points to alive until `busy` is zero.
            let work = unsafe { &*work };
            if catch_unwind(AssertUnwindSafe(|| work(index))).is_err() {
                shared.panicked.store(true, Ordering::Relaxed);
            }
        }
        shared.leave();
    }
}

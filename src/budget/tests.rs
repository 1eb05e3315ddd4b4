//! Holds and threads.

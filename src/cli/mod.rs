//! The commands, a file each. Functions take their readers and writers; only `main` prints.

pub mod models;

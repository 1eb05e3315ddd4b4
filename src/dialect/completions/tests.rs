//! Readings of completions.

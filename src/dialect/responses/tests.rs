//! Readings of responses.

//! Golden cases and invariants of the detectors.

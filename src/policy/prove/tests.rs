//! Proofs against the evaluator and against plain enumeration.

mod solving;

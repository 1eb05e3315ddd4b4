//! Proofs against the evaluator and against plain enumeration.

mod agree;
mod differ;
mod examples;
mod solving;

use super::super::tests::{compile, world};
use super::super::*;

//! YAML with places: every key and value knows its line and column, so that a mistake found long
//! after parsing can still be shown where it was made.
//!
//! Policies and the configuration are both read through this tree. Reading happens in two steps:
//! [`read`] makes a [`Node`] tree or says why the text is not YAML; a hand-written decoder walks the
//! tree with a [`Reader`], reports everything that is wrong at once and returns typed values.
//! Deriving `Deserialize` on the final types would stop at the first mistake and lose the places
//! (`docs/decisions/0001-yaml-spans.md`).

mod decode;
mod layout;
mod problem;
mod tree;

pub use decode::{Cursor, Fields, Reader, is_name, suggest};
pub use layout::lay_out;
pub use problem::{Problem, Problems, Severity};
pub use tree::{Key, Node, Span, Value, read};

#[cfg(test)]
mod tests;

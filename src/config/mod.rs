//! The configuration file: read once, checked whole, typed ever after.
//!
//! Nothing later asks whether something is set: [`read`] returns [`Settings`] that are complete, or
//! every problem of the file at once.

mod decode;
pub mod settings;

pub use decode::read;
pub use settings::{PolicySource, Settings, StoreSettings, TargetKind, TargetSettings};

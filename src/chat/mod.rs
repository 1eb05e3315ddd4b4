//! Our own words for a conversation: what every dialect is read into and every provider written from.

pub mod answer;
pub mod request;
pub mod talk;
pub mod usage;

pub use answer::{Answer, Choice, Event, Finish, Likely, Part, Piece, Scored};
pub use request::{Delivery, History, Hosted, Request, Sampling, Shape, Surface, Turn, Uses};
pub use usage::{Usage, UsageSource};

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Instructions from the application (`system` and `developer`).
    System,
    /// The person or program that asks.
    User,
    /// The model's earlier answers.
    Assistant,
    /// The result of a tool call.
    Tool,
}

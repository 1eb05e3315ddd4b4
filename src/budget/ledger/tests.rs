//! The state machine against a simple model.

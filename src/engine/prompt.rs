//! A conversation as one instruction.

//! The `ambidex` command.

fn main() {}

//! The local engine: a T5 model inside this process.

//! `ambidex demo`: the main job, shown on embedded defaults without keys and without a network.

pub mod sandbox;

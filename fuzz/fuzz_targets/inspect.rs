//! Any text through inspection and masking, driven by libFuzzer.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(broken) = checks::check(text) {
        panic!("{broken}");
    }
});

//! Any bytes as a request of every interface, driven by libFuzzer.
#![no_main]

#[path = "../body_checks.rs"]
mod body_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(broken) = body_checks::check(bytes) {
        panic!("{broken}");
    }
});

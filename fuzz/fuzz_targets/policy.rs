//! Any text as a policy: checked, decided by, explained and laid out, driven by libFuzzer.
#![no_main]

#[path = "../policy_checks.rs"]
mod policy_checks;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(broken) = policy_checks::check(text) {
        panic!("{broken}");
    }
});

//! Any bytes as an upstream's stream, cut where the first bytes say, driven by libFuzzer.
#![no_main]

#[path = "../sse_checks.rs"]
mod sse_checks;

libfuzzer_sys::fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (cuts, stream) = input;
    let cuts: Vec<usize> = cuts.into_iter().take(64).map(usize::from).collect();
    if let Err(broken) = sse_checks::check(&stream, &cuts) {
        panic!("{broken}");
    }
});

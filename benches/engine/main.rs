//! Times the local engine: its parts alone, and serving under load.
//!
//!     cargo bench --bench engine -- [--backend cpu] [--weights int8] [--threads 1] [--seconds 20]
//!                                   [--batch 1,8,32] [--model FOLDER]
//!
//! The model has flan-t5-small's exact shape and seeded random numbers, written to `target/` once.
//! The parts: ms per greedy decode step (prompt 128 tokens, 64 new), ms to read 128 and 480 tokens,
//! ms to load, resident bytes. Serving: requests of 32 to 256 prompt tokens and 16 to 64 new ones;
//! first as many at once as there are slots, which shows the capacity, then arriving at random
//! (Poisson) at half and at nine tenths of that.

#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a benchmark prints, and nothing depends on it"
)]

mod checkpoint;

use std::path::PathBuf;
use std::time::Duration;

use ambidex::engine::probe::Workload;
use ambidex::engine::{Engine, EngineSettings, Event, Generation, Job, ModelSource};
use ambidex::money::Tokens;
use clap::ValueEnum;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use checkpoint::Random;

struct Options {
    engine: EngineSettings,
    seconds: u64,
    batches: Vec<usize>,
    model: Option<PathBuf>,
}

fn options() -> Options {
    let mut options = Options {
        engine: EngineSettings {
            queue_max: 100_000,
            queue_time_max: Duration::from_hours(1),
            ..EngineSettings::default()
        },
        seconds: 20,
        batches: vec![1, 8, 32],
        model: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().expect("a value after every option");
        match name.as_str() {
            "--backend" => {
                options.engine.backend = ValueEnum::from_str(&value(), true).unwrap();
            }
            "--weights" => {
                options.engine.weights = ValueEnum::from_str(&value(), true).unwrap();
            }
            "--threads" => options.engine.threads = value().parse().unwrap(),
            "--seconds" => options.seconds = value().parse().unwrap(),
            "--model" => options.model = Some(value().into()),
            "--batch" => {
                options.batches = value().split(',').map(|it| it.parse().unwrap()).collect();
            }
            // Cargo says this one.
            "--bench" => {}
            other => panic!("unknown option {other}"),
        }
    }
    options
}

fn main() {
    let options = options();
    let folder = options.model.clone().unwrap_or_else(|| checkpoint::folder().unwrap());
    let begun = Instant::now();
    let engine = Engine::load(ModelSource::Folder(folder), options.engine.clone()).unwrap();
    let load = begun.elapsed();
    println!("{}, {} threads", engine.backend(), options.engine.threads);
    println!("load                      {:>9.1} ms", milliseconds(load));
    for batch in &options.batches {
        let work = Workload { batch: *batch, prompt: 128, steps: 64, repeats: 3 };
        let speed = engine.speed(work).unwrap();
        let step = milliseconds(speed.step);
        println!(
            "step, batch {batch:<3}           {step:>9.2} ms  {:>7.0} tokens/s",
            *batch as f64 / step * 1e3
        );
    }
    for prompt in [128, 480] {
        let work = Workload { batch: 1, prompt, steps: 1, repeats: 5 };
        let speed = engine.speed(work).unwrap();
        println!("read {prompt} tokens           {:>9.2} ms", milliseconds(speed.encoder));
    }
    println!("resident                  {:>9.1} MB", resident() / 1e6);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let capacity = runtime.block_on(capacity(&engine, options.seconds));
    println!("capacity                  {capacity:>9.2} requests/s");
    for share in [0.5, 0.9] {
        runtime.block_on(arrivals(&engine, capacity * share, options.seconds)).show(share);
    }
}

/// A request of random length.
fn ask(engine: &Engine, random: &mut Random) -> Generation {
    let prompt = "word ".repeat(32 + (random.unit() * 224.0) as usize);
    let new = 16 + (random.unit() * 48.0) as u32;
    engine.generate(Job::greedy(prompt, Tokens(new))).unwrap()
}

/// When pieces of an answer came.
async fn follow(mut generation: Generation) -> (Instant, Vec<Instant>) {
    let begun = Instant::now();
    let mut pieces = Vec::with_capacity(64);
    while let Some(event) = generation.next().await {
        match event {
            Event::Text(_) => pieces.push(Instant::now()),
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
    (begun, pieces)
}

/// Requests per second with every slot in use.
async fn capacity(engine: &Engine, seconds: u64) -> f64 {
    let mut random = Random(1);
    let mut running = FuturesUnordered::new();
    for _ in 0..engine.batch_max() {
        running.push(follow(ask(engine, &mut random)));
    }
    let (begun, mut done) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(seconds) {
        running.next().await;
        done += 1;
        running.push(follow(ask(engine, &mut random)));
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

#[derive(Default)]
struct Seen {
    requests: usize,
    first: Vec<f64>,
    between: Vec<f64>,
}

/// Requests that arrive at random, so many a second.
async fn arrivals(engine: &Engine, rate: f64, seconds: u64) -> Seen {
    let mut random = Random(2);
    let mut seen = Seen::default();
    let mut running = FuturesUnordered::new();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut next = begun;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(next), if next < end => {
                running.push(follow(ask(engine, &mut random)));
                seen.requests += 1;
                next += Duration::from_secs_f64(-(1.0 - random.unit()).ln() / rate);
            }
            Some((asked, pieces)) = running.next(), if !running.is_empty() => {
                seen.first.extend(pieces.first().map(|first| milliseconds(*first - asked)));
                seen.between.extend(pieces.windows(2).map(|two| milliseconds(two[1] - two[0])));
            }
            else => return seen,
        }
    }
}

impl Seen {
    fn show(mut self, share: f64) {
        let (first, between) = (&mut self.first, &mut self.between);
        first.sort_by(f64::total_cmp);
        between.sort_by(f64::total_cmp);
        let at = |numbers: &[f64], share: f64| {
            let place = (numbers.len() as f64 * share) as usize;
            numbers.get(place.min(numbers.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
        };
        println!("at {:.0} % of it, {} requests", share * 100.0, self.requests);
        for (what, numbers) in [("first token", &*first), ("between tokens", &*between)] {
            let (half, most) = (at(numbers, 0.5), at(numbers, 0.99));
            println!("  {what:<15} p50 {half:>9.2} ms   p99 {most:>9.2} ms");
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Bytes of this process that are in RAM; nothing where the system does not tell.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("nan kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) * 1024.0
}

//! What a decision costs with 20 and with 1,000 rules, here and in Rego, and what checking them costs.
//!
//! Run with `cargo bench --bench policy`. The same made-up rules are written in our language and in
//! Rego, decided for the same made-up requests, and compared: nothing is timed before every decision
//! is the same. Rego is run by regorus, in a package of its own (`benches/policy/rego`) that is built
//! here; without it, pass `--alone`. Figures are CPU time of one thread, the best of several rounds,
//! the mean over the requests. Ours includes the trace; Rego's is the target only.
#![expect(clippy::print_stdout, reason = "a bench reports to its reader")]

#[path = "../../fuzz/chance.rs"]
mod chance;
mod rules;
#[path = "../timing/mod.rs"]
mod timing;

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ambidex::policy::{Clearance, Decision, Facts, Outcome, Policy, evaluate};
use chance::Chance;
use rules::{Request, Rules};
use serde_json::{Value, json};

const REQUESTS: usize = 1000;
/// CPU time of one round.
const ROUND: Duration = Duration::from_millis(200);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let rego = if std::env::args().any(|argument| argument == "--alone") { None } else { rego() };
    println!("{:<28} {:>12} {:>12}", "us of CPU time", "20 rules", "1,000 rules");
    let mut columns = Vec::new();
    for count in [20, 1000] {
        columns.push(column(count, rego.as_deref())?);
    }
    let rows = columns.first().map_or(0, Vec::len);
    for row in 0..rows {
        let cells = columns.iter().filter_map(|column| column.get(row));
        let name = columns.first().and_then(|column| column.get(row)).map_or("", |cell| cell.0);
        let line = cells.fold(format!("{name:<28}"), |mut line, (_, value)| {
            // Writing to a string cannot fail.
            let _ = if value.is_nan() {
                write!(line, " {:>12}", "-")
            } else {
                write!(line, " {value:>12.2}")
            };
            line
        });
        println!("{line}");
    }
    Ok(())
}

/// What so many rules cost: the rows of a column.
fn column(count: usize, rego: Option<&Path>) -> Result<Vec<(&'static str, f64)>, Failure> {
    let mut chance = Chance(7);
    let rules = rules::rules(count, &mut chance);
    let world = rules::world();
    let policy = Policy::compile("bench.yaml", &rules.ours, &world)?;
    let requests: Vec<Request> = (0..REQUESTS).map(|_| Request::random(&mut chance)).collect();
    let facts: Vec<Facts<'_>> = requests.iter().map(Request::facts).collect();
    let theirs = match rego {
        Some(rego) => Some(compared(rego, &policy, &rules, (&requests, &facts))?),
        None => None,
    };
    let decide = cost(|| facts.iter().for_each(|facts| drop(black_box(evaluate(&policy, facts)))));
    let ours = decide / 1000.0;
    let check = cost(|| drop(black_box(Policy::compile("bench.yaml", &rules.ours, &world))));
    let mut rows = vec![("evaluate", ours), ("check", check)];
    if let Some([interpreted, run]) = theirs {
        rows.push(("regorus, interpreter", interpreted));
        rows.push(("regorus, virtual machine", run));
        rows.push(("times faster than the better", interpreted.min(run) / ours));
    }
    Ok(rows)
}

/// Builds the other side.
fn rego() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/rego");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path"])
        .arg(root.join("benches/policy/rego/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status();
    let is_built = built.is_ok_and(|status| status.success());
    if !is_built {
        println!("regorus could not be built: this run is without it");
    }
    is_built.then(|| target.join("release/ambidex-bench-rego"))
}

/// Has Rego decide the same, compares, and returns what each of its two ways to run costs; not a
/// number where it cannot.
fn compared(
    rego: &Path,
    policy: &Policy,
    rules: &Rules,
    (requests, facts): (&[Request], &[Facts<'_>]),
) -> Result<[f64; 2], Failure> {
    let ours: Vec<Decision> = facts.iter().map(|facts| evaluate(policy, facts)).collect();
    let inputs =
        requests.iter().zip(&ours).fold(String::new(), |mut lines, (request, decision)| {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{}", request.input(decision.sensitivity));
            lines
        });
    let folder = tempfile::tempdir()?;
    let (policy_file, input_file) = (folder.path().join("r.rego"), folder.path().join("i.jsonl"));
    std::fs::write(&policy_file, &rules.rego)?;
    std::fs::write(&input_file, inputs)?;
    let output = Command::new(rego).arg(&policy_file).arg(&input_file).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let told = String::from_utf8(output.stdout)?;
    let mut lines = told.lines();
    let mut winners = std::collections::BTreeSet::new();
    for (index, decision) in ours.iter().enumerate() {
        let theirs: Value = serde_json::from_str(lines.next().unwrap_or_default())?;
        let ours = words(policy, decision);
        if theirs != ours {
            return Err(format!("request {index}: {theirs} there, {ours} here").into());
        }
        winners.insert(ours.to_string());
    }
    println!("# {} requests decided alike, {} different outcomes", ours.len(), winners.len());
    let costs: Vec<f64> =
        lines.next().unwrap_or_default().split(' ').flat_map(str::parse).collect();
    match costs.as_slice() {
        [interpreted, run, ..] => Ok([*interpreted, *run]),
        _ => Err("regorus told no figures".into()),
    }
}

/// A decision as the Rego rules say it.
fn words(policy: &Policy, decision: &Decision) -> Value {
    let Outcome::Permit(permit) = &decision.outcome else { return Value::Null };
    let name = |clearance: &Clearance| policy.target_name(clearance.target());
    let targets: Vec<&str> = permit.clearances.iter().map(name).collect();
    json!({ "route": policy.route_id(permit.route), "targets": targets })
}

/// Microseconds of one call.
fn cost(call: impl Fn()) -> f64 {
    1e6 * timing::seconds(ROUND, 1, |_| call())
}

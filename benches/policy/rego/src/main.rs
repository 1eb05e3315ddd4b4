//! Evaluates a Rego policy for many inputs with regorus: `ambidex-bench-rego RULES.rego INPUTS.jsonl`.
//!
//! Prints one result per line and then what one evaluation costs, in microseconds of CPU time, with
//! the interpreter of compiled policies and with the virtual machine of bytecode.

#[path = "../../../timing/mod.rs"]
mod timing;

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value};
use timing::cpu_time;

const ENTRY: &str = "data.bench.winner";
/// CPU time of one round.
const ROUND: Duration = Duration::from_millis(200);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rules = std::fs::read_to_string(arguments.next().context("no rules")?)?;
    let inputs = std::fs::read_to_string(arguments.next().context("no inputs")?)?;
    let inputs: Vec<Value> = inputs.lines().map(Value::from_json_str).collect::<Result<_>>()?;

    let mut engine = Engine::new();
    engine.clear_policy_length_config();
    let start = cpu_time();
    engine.add_policy("bench.rego".to_owned(), rules)?;
    let compiled = engine.compile_with_entrypoint(&ENTRY.into())?;
    let read = cpu_time().saturating_sub(start);
    // The machine has 255 registers, which a long chain of `else` goes beyond.
    let mut machine = Compiler::compile_from_policy(&compiled, &[ENTRY]).ok().map(|program| {
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_max_instructions(usize::MAX);
        machine
    });

    for input in &inputs {
        let result = compiled.eval_with_input(input.clone())?;
        if let Some(machine) = &mut machine {
            machine.set_input(input.clone());
            let other = machine.execute()?;
            ensure!(other == result, "the two of regorus differ: {other} and {result} for {input}");
        }
        println!("{}", serde_json::to_string(&result)?);
    }
    let interpreted = cost(inputs.len(), |index| {
        let _ = black_box(compiled.eval_with_input(inputs[index].clone()));
    });
    let run = machine.map_or(f64::NAN, |mut machine| {
        cost(inputs.len(), |index| {
            machine.set_input(inputs[index].clone());
            let _ = black_box(machine.execute());
        })
    });
    println!("{interpreted} {run} {}", read.as_secs_f64());
    Ok(())
}

/// Microseconds of one call.
fn cost(count: usize, call: impl FnMut(usize)) -> f64 {
    1e6 * timing::seconds(ROUND, count, call)
}

//! `ambidex report breakeven`: what the recorded work would have cost otherwise, and from which volume
//! on a machine of one's own pays.

use std::io::Write;

use serde_json::json;

use super::Layout;
use crate::money::NanoUsd;
use crate::record::Reader;
use crate::record::report::{Costs, Period, Work};

/// Microseconds of an hour.
const HOUR: i128 = 3_600_000_000;

/// The comparison, in exact sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What was done.
    pub work: Work,
    /// What upstreams billed and our machines cost.
    pub as_routed: NanoUsd,
    /// Everything at an upstream: the bills, and what local answers would have cost there.
    pub all_remote: NanoUsd,
    /// Everything on our machines, at what a token has cost there; unknown without local work.
    pub all_local: Option<NanoUsd>,
    /// What a machine costs that runs all the time.
    pub machine: NanoUsd,
    /// Local answers per hour from which such a machine is cheaper than the reference target; unknown
    /// without a price to compare with.
    pub answers_per_hour: Option<u64>,
}

impl Comparison {
    /// Compares the work of a period. `machine_hour` is what an hour of the machine costs.
    pub fn of(work: Work, period: Period, machine_hour: NanoUsd) -> Self {
        let Work { local, remote } = work;
        let both = local.and(remote);
        let tokens =
            |costs: &Costs| i128::from(costs.input_tokens) + i128::from(costs.output_tokens);
        let all_local = (tokens(&local) > 0)
            .then(|| rounded_up(local.imputed.times(tokens(&both)), tokens(&local)));
        let length =
            i128::from(period.until.as_microsecond()) - i128::from(period.since.as_microsecond());
        let answers = i128::from(local.requests);
        let needed = local
            .avoided
            .is_positive()
            .then(|| rounded_up(machine_hour.times(answers), local.avoided.nanos()));
        Self {
            work,
            as_routed: both.billed + both.imputed,
            all_remote: both.billed + local.avoided,
            all_local,
            machine: rounded_up(machine_hour.times(length), HOUR),
            answers_per_hour: needed.and_then(|count| u64::try_from(count.nanos()).ok()),
        }
    }
}

fn rounded_up(amount: NanoUsd, parts: i128) -> NanoUsd {
    let nanos = amount.nanos();
    let whole = nanos.div_euclid(parts.max(1));
    NanoUsd::new(whole + i128::from(nanos.rem_euclid(parts.max(1)) > 0))
}

/// Prints the comparison with the assumptions it rests on.
pub fn breakeven(
    ledger: &Reader,
    period: Period,
    machine_hour: NanoUsd,
    layout: Layout,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let it = Comparison::of(ledger.work(period)?, period, machine_hour);
    let Work { local, remote } = it.work;
    if layout == Layout::Json {
        let report = json!({
            "since": period.since.to_string(),
            "until": period.until.to_string(),
            "local_answers": local.requests,
            "remote_answers": remote.requests,
            "machine_usd_per_hour": machine_hour.to_string(),
            "as_routed_usd": it.as_routed.to_string(),
            "all_remote_usd": it.all_remote.to_string(),
            "all_local_usd": it.all_local.map(|usd| usd.to_string()),
            "machine_usd": it.machine.to_string(),
            "local_answers_per_hour_to_pay_off": it.answers_per_hour,
        });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
        return Ok(());
    }
    if layout == Layout::Csv {
        writeln!(out, "scenario,usd")?;
        writeln!(out, "as_routed,{}", it.as_routed)?;
        writeln!(out, "all_remote,{}", it.all_remote)?;
        writeln!(out, "all_local,{}", it.all_local.map(|usd| usd.to_string()).unwrap_or_default())?;
        return Ok(());
    }
    writeln!(out, "{} to {} (UTC)", period.since, period.until)?;
    writeln!(out, "{} local and {} remote answers\n", local.requests, remote.requests)?;
    writeln!(out, "as routed    {} USD", it.as_routed)?;
    writeln!(out, "all remote   {} USD", it.all_remote)?;
    match it.all_local {
        Some(usd) => writeln!(out, "all local    {usd} USD")?,
        None => writeln!(out, "all local    unknown: nothing was answered locally")?,
    }
    writeln!(out, "\na machine that runs all the time costs {} USD in this period;", it.machine)?;
    match it.answers_per_hour {
        Some(count) => writeln!(out, "it pays off from {count} local answers per hour")?,
        None => writeln!(out, "no remote price is known to compare local answers with")?,
    }
    writeln!(
        out,
        "\nAssumptions: an hour of the machine costs {machine_hour} USD (`machine_usd_per_hour`), \
         split by measured engine time;\nlocal answers would have used as many tokens at the first \
         remote target with a price; remote answers\nwould cost as much per token here as local ones \
         did; whether the local model could have given them\nis not asked."
    )?;
    Ok(())
}

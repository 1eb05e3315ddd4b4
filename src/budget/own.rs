//! Budgets that a key has of its own, in one line: `50/month`, or `5/day tz=Europe/Berlin warn_at=80%`.
//!
//! They are given with the key while the gateway runs, beside the budgets of the policy, and mean what the
//! policy's words mean. Every window has one budget at most, so that its name says which one it is.

use jiff::tz::TimeZone;

use super::spec::{BudgetSpec, Firmness, Imputed, Subject, Window};
use super::whom::{Selector, Whom};
use crate::money::NanoUsd;

/// Most characters of a line.
const LINE_MAX: usize = 200;

/// Reads the budgets of one key, in the order of their windows.
///
/// # Errors
/// What is wrong with the first line that is.
pub fn read<'a>(
    key: &str,
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<BudgetSpec>, String> {
    let mut budgets: Vec<BudgetSpec> = Vec::new();
    for line in lines {
        let budget = read_one(key, line)?;
        if budgets.iter().any(|other| other.window == budget.window) {
            let window = budget.window.name();
            return Err(format!(
                "there are two budgets by the {window}; a key has one by each window"
            ));
        }
        budgets.push(budget);
    }
    budgets.sort_by_key(|budget| budget.window);
    Ok(budgets)
}

fn read_one(key: &str, line: &str) -> Result<BudgetSpec, String> {
    if line.len() > LINE_MAX {
        return Err(format!("a budget has at most {LINE_MAX} characters"));
    }
    let mut words = line.split_whitespace();
    let head = words.next().unwrap_or_default();
    let parts = head.split_once('/').and_then(|(usd, window)| {
        Some((NanoUsd::from_decimal_usd(usd)?, Window::from_name(window)?))
    });
    let Some((limit, window)) = parts else {
        let windows = Window::ALL.map(Window::name).join(", ");
        return Err(format!(
            "`{head}` is no budget; write dollars and a window, such as `50/month`: {windows}"
        ));
    };
    let mut budget = BudgetSpec {
        name: name(window),
        whom: Whom::Matching(Selector { keys: vec![key.to_owned()], ..Selector::default() }),
        per: Subject::Key,
        window,
        tz: TimeZone::UTC,
        limit,
        firmness: Firmness::Hard,
        warn_at: Vec::new(),
        imputed: Imputed::Excluded,
    };
    for word in words {
        add(&mut budget, word)?;
    }
    Ok(budget)
}

fn add(budget: &mut BudgetSpec, word: &str) -> Result<(), String> {
    match word.split_once('=') {
        None if word == "soft" => budget.firmness = Firmness::Soft,
        None if word == "include_imputed" => budget.imputed = Imputed::Included,
        Some(("tz", zone)) => {
            budget.tz = TimeZone::get(zone)
                .map_err(|_| format!("`{zone}` is no time zone; write one like `Europe/Berlin`"))?;
        }
        Some(("warn_at", levels)) => {
            let level = |text: &str| {
                let number = text.strip_suffix('%').and_then(|it| it.parse::<u8>().ok());
                number.filter(|it| (1..=100).contains(it))
            };
            let read: Option<Vec<u8>> = levels.split(',').map(level).collect();
            budget.warn_at = read.ok_or_else(|| {
                format!("`{levels}` are no levels; write them like `warn_at=50%,80%`")
            })?;
            budget.warn_at.sort_unstable();
        }
        None | Some(_) => {
            let known = "`soft`, `include_imputed`, `tz=Europe/Berlin` or `warn_at=80%`";
            return Err(format!("`{word}` means nothing here; after the window may stand {known}"));
        }
    }
    Ok(())
}

/// The one way to write a budget that [`read`] has read.
pub fn write(budget: &BudgetSpec) -> String {
    let mut line = format!("{}/{}", budget.limit, budget.window.name());
    if let Some(zone) = budget.tz.iana_name().filter(|zone| *zone != "UTC") {
        line.extend([" tz=", zone]);
    }
    if !budget.warn_at.is_empty() {
        let levels: Vec<String> = budget.warn_at.iter().map(|level| format!("{level}%")).collect();
        line.extend([" warn_at=", &levels.join(",")]);
    }
    if budget.firmness == Firmness::Soft {
        line.push_str(" soft");
    }
    if budget.imputed == Imputed::Included {
        line.push_str(" include_imputed");
    }
    line
}

/// What budgets of keys are called. No budget of a policy can have a `/` in its name, and the budgets of
/// all keys by one window share it, so that there are never more names than windows.
fn name(window: Window) -> String {
    format!("key/{}", window.name())
}

/// The same for every key: what the ledger says about all of them at once.
pub fn of_every_key(budget: &BudgetSpec) -> BudgetSpec {
    BudgetSpec {
        whom: Whom::All,
        limit: NanoUsd::ZERO,
        warn_at: Vec::new(),
        firmness: Firmness::Soft,
        ..budget.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_everything_that_a_policy_says() {
        for (line, written) in [
            ("50/month", "50.00/month"),
            ("0.000000001/hour", "0.000000001/hour"),
            ("0/day", "0.00/day"),
            ("  5/rolling_week   soft ", "5.00/rolling_week soft"),
            (
                "5/day include_imputed warn_at=80%,50% tz=Europe/Berlin",
                "5.00/day tz=Europe/Berlin warn_at=50%,80% include_imputed",
            ),
        ] {
            let read_it = read("bot", [line]).unwrap();
            assert_eq!(write(&read_it[0]), written, "{line}");
            assert_eq!(read("bot", [written]).unwrap(), read_it, "{line}");
            let keys = crate::budget::SubjectKeys { key: "bot", ..Default::default() };
            assert!(read_it[0].whom.concerns(&keys) && read_it[0].per == Subject::Key);
            assert!(!read_it[0].whom.concerns(&crate::budget::SubjectKeys::default()));
        }
        for window in Window::ALL {
            let line = format!("1/{}", window.name());
            assert_eq!(read("bot", [&*line]).unwrap()[0].window, window);
        }
        let both = read("bot", ["50/month", "5/day"]).unwrap();
        assert_eq!([&*both[0].name, &*both[1].name], ["key/day", "key/month"]);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (lines, words) in [
            (&["50"][..], "such as `50/month`"),
            (&["/month"], "no budget"),
            (&["-1/month"], "no budget"),
            (&["1e3/month"], "no budget"),
            (&["1/year"], "hour, day, week, month, rolling_hour"),
            (&[""], "no budget"),
            (&["1/day hard"], "`hard` means nothing"),
            (&["1/day tz=Moon/Base"], "no time zone"),
            (&["1/day warn_at=0%"], "no levels"),
            (&["1/day warn_at=80"], "no levels"),
            (&["1/day", "2/day soft"], "two budgets by the day"),
        ] {
            let error = read("bot", lines.iter().copied()).unwrap_err();
            assert!(error.contains(words), "{lines:?}: {error}");
        }
    }
}

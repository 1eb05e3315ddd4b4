//! `ambidex report cascade`: what local answers that `verify` looks at save, and what another threshold
//! would have saved.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use super::Layout;
use crate::money::NanoUsd;
use crate::record::Looked;

/// What one route did, and what it would have done at other thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    /// The route.
    pub route: String,
    /// Local answers that were looked at.
    pub answers: usize,
    /// How many fared how.
    pub verdicts: BTreeMap<String, usize>,
    /// What the accepted ones saved.
    pub saved: NanoUsd,
    /// What the others cost elsewhere.
    pub billed: NanoUsd,
    /// What would have been at these thresholds.
    pub at: Vec<Threshold>,
    /// The highest threshold that accepts the share that was asked for.
    pub calibrated: Option<f64>,
    /// How far answers that were compared agree with another target's, by task and score.
    pub agreement: Vec<Agreement>,
    /// What comparing was billed.
    pub compared: NanoUsd,
}

/// How far accepted answers of like score agree with another target's.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// What was asked for.
    pub task: String,
    /// The scores of the answers: from this one on, and below the other, or up to 1.
    pub scores: (f64, f64),
    /// Answers that were compared.
    pub answers: usize,
    /// How many of the others gave no answer.
    pub unanswered: usize,
    /// The mean, from 0 to 1; `None` if none gave an answer.
    pub mean: Option<f64>,
}

/// Where the bands of scores begin.
const BANDS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9];

/// What would have been at a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The least tenth percentile that is accepted.
    pub min_token_prob_p10: f64,
    /// The share of answers that would have been accepted.
    pub accept_rate: f64,
    /// What these would have saved.
    pub saved: NanoUsd,
}

/// Verdicts that no threshold changes: what is wrong with the answer is not how sure it is.
const FIXED: [&str; 4] = ["empty", "cut_off", "length", "not_in_passage"];

/// What each route did. `accept_rate` is the share of answers that a calibrated threshold accepts.
pub fn cascades(looked: &[Looked], accept_rate: Option<f64>) -> Vec<Cascade> {
    let mut routes: BTreeMap<&str, Vec<&Looked>> = BTreeMap::new();
    for it in looked {
        routes.entry(&it.route).or_default().push(it);
    }
    routes.into_iter().map(|(route, own)| cascade(route, &own, accept_rate)).collect()
}

fn cascade(route: &str, own: &[&Looked], accept_rate: Option<f64>) -> Cascade {
    let mut verdicts = BTreeMap::new();
    for it in own {
        *verdicts.entry(it.verdict.clone()).or_insert(0_usize) += 1;
    }
    let is_accepted = |it: &&&Looked| it.verdict == "accepted";
    let sum = |amounts: &mut dyn Iterator<Item = NanoUsd>| {
        amounts.fold(NanoUsd::ZERO, |sum, amount| sum + amount)
    };
    let steps = (0..=20_u32).map(|step| f64::from(step) / 20.0);
    Cascade {
        route: route.to_owned(),
        answers: own.len(),
        saved: sum(&mut own.iter().filter(is_accepted).map(|it| it.avoided)),
        billed: sum(&mut own.iter().filter(|it| !is_accepted(it)).map(|it| it.cost)),
        at: steps.map(|min| at(own, min)).collect(),
        calibrated: accept_rate.and_then(|rate| calibrate(own, rate)),
        agreement: agreement(own),
        compared: sum(&mut own.iter().filter_map(|it| it.compared.as_ref()).map(|it| it.cost)),
        verdicts,
    }
}

fn agreement(own: &[&Looked]) -> Vec<Agreement> {
    let mut cells: BTreeMap<(&str, usize), (usize, Vec<f64>)> = BTreeMap::new();
    for it in own {
        let Some(compared) = &it.compared else { continue };
        let band = BANDS.iter().rposition(|from| it.score >= *from).unwrap_or(0);
        let (answers, values) = cells.entry((&it.task, band)).or_default();
        *answers += 1;
        values.extend(compared.agreement);
    }
    let cells = cells.into_iter().map(|((task, band), (answers, values))| Agreement {
        task: task.to_owned(),
        scores: (
            BANDS.get(band).copied().unwrap_or(0.0),
            BANDS.get(band + 1).copied().unwrap_or(1.0),
        ),
        answers,
        unanswered: answers - values.len(),
        mean: mean(&values),
    });
    cells.collect()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of answers")]
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn could_pass(it: &Looked) -> bool {
    !FIXED.contains(&it.verdict.as_str())
}

/// What the next target bills for an answer: what it did bill, or what was saved.
fn elsewhere(it: &Looked) -> NanoUsd {
    // An accepted answer cost nothing but what comparing cost.
    if it.cost.is_positive() && it.compared.is_none() { it.cost } else { it.avoided }
}

fn at(own: &[&Looked], min: f64) -> Threshold {
    let passing = own.iter().filter(|it| could_pass(it) && it.score >= min);
    let (mut count, mut saved) = (0, NanoUsd::ZERO);
    for it in passing {
        count += 1;
        saved += elsewhere(it);
    }
    Threshold { min_token_prob_p10: min, accept_rate: part(count, own.len()), saved }
}

/// The highest threshold that would have accepted at least this share, rounded down so that it does.
fn calibrate(own: &[&Looked], rate: f64) -> Option<f64> {
    let mut scores: Vec<f64> = own.iter().filter(|it| could_pass(it)).map(|it| it.score).collect();
    scores.sort_unstable_by(|left, right| right.total_cmp(left));
    let enough = |(index, _): &(usize, &f64)| part(index + 1, own.len()) >= rate;
    let score = scores.iter().enumerate().find(enough).map(|(_, score)| *score)?;
    Some((score * 1e4).floor() / 1e4)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts of answers")]
fn part(count: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { count as f64 / all as f64 }
}

/// Prints them.
pub fn print(
    cascades: &[Cascade],
    accept_rate: Option<f64>,
    layout: Layout,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match layout {
        Layout::Json => {
            let all: Vec<Value> = cascades.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut *out, &json!({ "cascades": all }))?;
            writeln!(out)?;
        }
        Layout::Csv => {
            writeln!(out, "route,min_token_prob_p10,accept_rate,saved_usd")?;
            for it in cascades {
                for at in &it.at {
                    let Threshold { min_token_prob_p10: min, accept_rate, saved } = at;
                    writeln!(out, "{},{min:.2},{accept_rate:.4},{saved}", it.route)?;
                }
            }
        }
        Layout::Text if cascades.is_empty() => {
            writeln!(out, "no local answer was looked at in this period: no route has `verify`")?;
        }
        Layout::Text => {
            for it in cascades {
                text(it, accept_rate, out)?;
            }
        }
    }
    Ok(())
}

fn as_json(it: &Cascade) -> Value {
    let at = |at: &Threshold| {
        json!({
            "min_token_prob_p10": at.min_token_prob_p10,
            "accept_rate": at.accept_rate,
            "saved_usd": at.saved.to_string(),
        })
    };
    let agreed = |it: &Agreement| {
        json!({
            "task": it.task,
            "score_from": it.scores.0,
            "score_to": it.scores.1,
            "answers": it.answers,
            "unanswered": it.unanswered,
            "mean": it.mean,
        })
    };
    json!({
        "route": it.route,
        "answers": it.answers,
        "verdicts": it.verdicts,
        "saved_usd": it.saved.to_string(),
        "billed_usd": it.billed.to_string(),
        "thresholds": it.at.iter().map(at).collect::<Vec<_>>(),
        "calibrated": it.calibrated,
        "agreement": it.agreement.iter().map(agreed).collect::<Vec<_>>(),
        "compared_usd": it.compared.to_string(),
    })
}

fn text(it: &Cascade, accept_rate: Option<f64>, out: &mut impl Write) -> anyhow::Result<()> {
    let accepted = it.verdicts.get("accepted").copied().unwrap_or(0);
    let share = part(accepted, it.answers) * 100.0;
    writeln!(out, "{}: {} local answers looked at, {share:.1}% accepted", it.route, it.answers)?;
    let words: Vec<String> =
        it.verdicts.iter().map(|(verdict, count)| format!("{verdict} {count}")).collect();
    writeln!(out, "  {}", words.join(", "))?;
    writeln!(out, "  saved {} USD; the others cost {} USD elsewhere\n", it.saved, it.billed)?;
    writeln!(out, "  min_token_prob_p10   accepted   would have saved (USD)")?;
    for at in &it.at {
        let Threshold { min_token_prob_p10: min, accept_rate, saved } = at;
        writeln!(out, "  {min:>18.2}   {:>7.1}%   {saved}", accept_rate * 100.0)?;
    }
    if let Some(rate) = accept_rate {
        let percent = rate * 100.0;
        match it.calibrated {
            Some(min) => writeln!(
                out,
                "\n  min_token_prob_p10: {min} would have accepted at least {percent}% of them"
            )?,
            None => writeln!(
                out,
                "\n  no threshold accepts {percent}%: too many are empty, cut off, too long or not \
                 in the passage"
            )?,
        }
    }
    agreed(it, out)?;
    writeln!(out)?;
    Ok(())
}

fn agreed(it: &Cascade, out: &mut impl Write) -> anyhow::Result<()> {
    if it.agreement.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n  accepted answers compared with the next target's, for {} USD:",
        it.compared
    )?;
    writeln!(out, "  task          score      compared   agree")?;
    for it in &it.agreement {
        let Agreement { task, scores: (from, to), answers, unanswered, mean } = it;
        let mean = mean.map_or_else(|| "unknown".to_owned(), |it| format!("{:.1}%", it * 100.0));
        write!(out, "  {task:<12}  {from:.1} - {to:.1}  {answers:>8}   {mean}")?;
        if *unanswered > 0 {
            write!(out, "   ({unanswered} without another answer)")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cascade, Layout, Looked, cascades, print};
    use crate::money::NanoUsd;
    use crate::record::Compared;

    fn looked(score: f64, verdict: &str, (cost, avoided): (i128, i128)) -> Looked {
        Looked {
            route: "cheap".to_owned(),
            score,
            verdict: verdict.to_owned(),
            cost: NanoUsd::new(cost),
            avoided: NanoUsd::new(avoided),
            task: "classify".to_owned(),
            compared: None,
        }
    }

    fn compared(task: &str, score: f64, agreement: Option<f64>) -> Looked {
        let compared = Compared { with: "cloud".to_owned(), cost: NanoUsd::new(7), agreement };
        let task = task.to_owned();
        Looked { task, compared: Some(compared), ..looked(score, "accepted", (7, 10)) }
    }

    #[test]
    fn agreement_is_told_by_task_and_score() {
        let mut all = some();
        all.extend([
            compared("classify", 0.95, Some(1.0)),
            compared("classify", 0.9, Some(0.0)),
            compared("classify", 0.95, None),
            compared("classify", 0.45, Some(0.0)),
            compared("summarize", 0.3, None),
        ]);
        let it = cascades(&all, None).remove(0);
        let cells: Vec<_> = it
            .agreement
            .iter()
            .map(|it| (&*it.task, it.scores.0, it.answers, it.unanswered, it.mean))
            .collect();
        assert_eq!(
            cells,
            [
                ("classify", 0.4, 1, 0, Some(0.0)),
                ("classify", 0.9, 3, 1, Some(0.5)),
                ("summarize", 0.2, 1, 1, None),
            ]
        );
        assert_eq!(it.compared, NanoUsd::new(35));
        // What comparing costs is no bill for an answer that was not accepted, nor was it saved.
        assert_eq!((it.saved, it.billed), (NanoUsd::new(80), NanoUsd::new(120)));
        assert_eq!(it.at[0].saved, NanoUsd::new(120));
        let mut out = Vec::new();
        print(&[it], None, Layout::Text, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in [
            "classify      0.9 - 1.0         3   50.0%   (1 without another answer)",
            "summarize     0.2 - 0.4         1   unknown   (1 without another answer)",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    fn some() -> Vec<Looked> {
        vec![
            looked(0.9, "accepted", (0, 10)),
            looked(0.6, "accepted", (0, 20)),
            looked(0.4, "unsure", (40, 0)),
            looked(1.0, "empty", (80, 0)),
        ]
    }

    fn of(accept_rate: f64) -> Cascade {
        cascades(&some(), Some(accept_rate)).remove(0)
    }

    #[test]
    fn thresholds_are_weighed_by_what_they_would_have_saved() {
        let it = of(0.5);
        assert_eq!((it.saved, it.billed), (NanoUsd::new(30), NanoUsd::new(120)));
        let at =
            |min: f64| *it.at.iter().find(|at| (at.min_token_prob_p10 - min).abs() < 1e-9).unwrap();
        assert!((at(0.0).accept_rate - 0.75).abs() < 1e-9, "an empty answer never passes");
        assert_eq!(at(0.0).saved, NanoUsd::new(70));
        assert_eq!(at(0.5).saved, NanoUsd::new(30));
        assert_eq!(at(0.95).saved, NanoUsd::ZERO);
    }

    #[test]
    fn a_threshold_is_found_for_a_share_of_answers() {
        assert_eq!(of(0.25).calibrated, Some(0.9));
        assert_eq!(of(0.3).calibrated, Some(0.6));
        assert_eq!(of(0.75).calibrated, Some(0.4));
        assert_eq!(of(0.8).calibrated, None);
    }

    #[test]
    fn it_can_be_read_by_people_and_programs() {
        let mut out = Vec::new();
        print(&cascades(&some(), Some(0.5)), Some(0.5), Layout::Text, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("cheap: 4 local answers looked at, 50.0% accepted"), "{text}");
        assert!(
            text.contains("min_token_prob_p10: 0.6 would have accepted at least 50%"),
            "{text}"
        );
        let mut out = Vec::new();
        print(&cascades(&some(), None), None, Layout::Csv, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("cheap,0.45,0.5000,"), "{text}");
    }
}

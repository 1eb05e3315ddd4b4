//! The facts of a decision as records keep them, so that it can be decided again: words, numbers and
//! names of the configuration, never text of the prompt, and of what clients set only whether it was.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::inspect::{Findings, Label, LabelSet, PackSet};
use crate::policy::{Estimate, Facts, Policy};

/// The shape of this build's records of facts.
pub const VERSION: u8 = 1;

/// The facts of one decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedFacts<'a> {
    /// [`VERSION`] when it was written.
    pub v: u8,
    /// The kinds of values found, whether or not the policy heeded them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Cow<'a, str>>,
    /// Those of which a value is certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certain: Vec<Cow<'a, str>>,
    /// Those of which there are many different values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bulk: Vec<Cow<'a, str>>,
    /// The packs of detectors that were on.
    pub packs: Vec<Cow<'a, str>>,
    /// How much was read.
    pub scan: Cow<'a, str>,
    /// What the client declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Cow<'a, str>>,
    /// The task, how sure that is, and the runner-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<(Cow<'a, str>, f32, Cow<'a, str>)>,
    /// Prompt tokens, estimated.
    pub input: u32,
    /// The longest answer that the client allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_max: Option<u32>,
    /// Who asked.
    pub caller: RecordedCaller<'a>,
    /// How.
    pub request: RecordedRequest<'a>,
    /// The main language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Cow<'a, str>>,
    /// Whether it fits the local model, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<bool>,
    /// The share that the local tokenizer cannot represent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unk_ratio: Option<f32>,
    /// How long a new local request would wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_ms: Option<u32>,
    /// Whether the local engine was up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
    /// The hour and the weekday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<(u8, Cow<'a, str>)>,
    /// The headers that the policy asked about, and whether they were set. Their values are not kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<Cow<'a, str>, bool>,
    /// The same for fields of `metadata`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<Cow<'a, str>, bool>,
    /// The budgets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<RecordedBudget<'a>>,
    /// The targets.
    pub targets: Vec<RecordedTarget<'a>>,
}

/// Who asked, beside the row's own columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCaller<'a> {
    /// The caller's name.
    pub id: Cow<'a, str>,
    /// The team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Cow<'a, str>>,
    /// The id of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Cow<'a, str>>,
    /// Whether the business stops without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Cow<'a, str>>,
    /// Where the caller is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Cow<'a, str>>,
    /// The floor of the caller's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Cow<'a, str>>,
}

/// How it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest<'a> {
    /// The model that was named; `None` when what was named does not look like one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Cow<'a, str>>,
    /// The API.
    pub surface: Cow<'a, str>,
    /// Which of `stream`, `tools`, `images` hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Cow<'a, str>>,
    /// How good the answer must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Cow<'a, str>>,
    /// Where the conversation fell, in millionths, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<u32>,
}

/// How a budget stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedBudget<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whose pots it has.
    pub per: Cow<'a, str>,
    /// How long they last.
    pub window: Cow<'a, str>,
    /// Nano-dollars spent and reserved.
    pub used: i64,
    /// Whether it had no room for this request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

/// How a target stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedTarget<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// The most that the request could cost there, in nano-dollars; `None` without a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// Why it could not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unable: Option<Cow<'a, str>>,
}

impl<'a> RecordedFacts<'a> {
    /// What a record keeps of these facts. The labels are those of the findings: the policy may
    /// have ignored some that another policy heeds.
    pub fn of(policy: &'a Policy, facts: &Facts<'a>, findings: &Findings) -> Self {
        let set = |names: &'a BTreeMap<String, String>, name: &'a str| {
            (Cow::Borrowed(name), names.contains_key(name))
        };
        let budgets = policy.budgets().iter().zip(&facts.budgets).map(|(spec, fact)| {
            let (name, per) = (spec.name.as_str().into(), spec.per.name().into());
            let used = narrow(fact.used.nanos());
            let window = spec.window.name().into();
            RecordedBudget { name, per, window, used, refused: fact.refused }
        });
        let targets = (0..).zip(&facts.targets).map(|(index, target)| RecordedTarget {
            name: policy.target_name(crate::policy::TargetId(index)).into(),
            cost: match target.cost_estimate {
                Estimate::Known(cost) => Some(narrow(cost.nanos())),
                Estimate::Unpriced => None,
            },
            unable: target.unable.map(|unable| unable.name().into()),
        });
        Self {
            v: VERSION,
            labels: names(findings.labels),
            certain: names(findings.certain),
            bulk: names(findings.bulk),
            packs: packs(policy.detect().packs),
            scan: facts.data.scan.name().into(),
            declared: facts.data.declared.map(|level| level.name().into()),
            task: facts.task.map(|guess| {
                (guess.task.name().into(), guess.confidence, guess.runner_up.name().into())
            }),
            input: facts.tokens.input.0,
            output_max: facts.tokens.output_max.map(|tokens| tokens.0),
            caller: RecordedCaller::of(facts),
            request: RecordedRequest::of(facts),
            lang: facts.lang.map(|lang| lang.name().into()),
            fits: facts.local.fits,
            unk_ratio: facts.local.unk_ratio,
            queue_ms: facts.local.queue_ms,
            healthy: facts.local.healthy,
            time: facts.time.map(|time| (time.hour, time.weekday.name().into())),
            headers: policy.headers_read().map(|name| set(facts.headers, name)).collect(),
            metadata: policy.metadata_read().map(|name| set(facts.metadata, name)).collect(),
            budgets: budgets.collect(),
            targets: targets.collect(),
        }
    }

    /// One line of JSON; [`read`](Self::read) brings it back.
    pub fn json(&self) -> String {
        // Serialising plain strings and numbers cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what a row holds; `None` for rows of versions that kept no facts, and for damage.
    pub fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().filter(|facts: &Self| facts.v == VERSION)
    }
}

impl<'a> RecordedCaller<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let caller = facts.caller;
        Self {
            id: caller.id.into(),
            team: caller.team.map(Cow::Borrowed),
            key: caller.key.map(Cow::Borrowed),
            criticality: caller.criticality.map(|it| it.name().into()),
            region: caller.region.map(Cow::Borrowed),
            floor: caller.data_floor.map(|level| level.name().into()),
        }
    }
}

impl<'a> RecordedRequest<'a> {
    fn of(facts: &Facts<'a>) -> Self {
        let request = facts.request;
        let with =
            [("stream", request.stream), ("tools", request.tools), ("images", request.images)];
        Self {
            model: is_printable(request.model).then(|| request.model.into()),
            surface: request.surface.name().into(),
            with: with
                .into_iter()
                .filter(|(_, holds)| *holds)
                .map(|(name, _)| name.into())
                .collect(),
            quality: request.quality.map(|quality| quality.name().into()),
            draw: request.draw,
        }
    }
}

/// Whether a model's name may stand in a record. The field is free text of the caller's, so what
/// does not look like a name is not kept.
pub fn is_printable(model: &str) -> bool {
    model.len() <= 64
        && model.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte))
}

fn names<'a>(labels: LabelSet) -> Vec<Cow<'a, str>> {
    labels.iter().map(|label: Label| label.name().into()).collect()
}

/// `all` for every pack of the build that wrote it would change its meaning with the next one.
fn packs<'a>(packs: PackSet) -> Vec<Cow<'a, str>> {
    packs.iter().map(|pack| pack.name().into()).collect()
}

/// Sums beyond nine billion dollars are not told apart.
fn narrow(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

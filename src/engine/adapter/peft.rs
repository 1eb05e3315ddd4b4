//! Adapters as PEFT saves them: `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Plain LoRA is read, with scales and ranks by pattern. Everything that would change what the
//! adapter computes (DoRA, biases, added tokens, a changed base, …) is refused by its name: an
//! adapter that is applied almost as it was trained gives answers that are almost right.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{Adapter, Delta, projections};
use crate::engine::config::Config;
use crate::engine::error::LoadError;
use crate::engine::source::{self, AdapterSource};
use crate::engine::weights::Weights;

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
/// The wrappers that PEFT puts around a model leave this before every name.
const PREFIX: &str = "base_model.model.";

/// Settings that change the computation. They may only be absent, null, false or empty.
const REFUSED: [&str; 15] = [
    "use_dora",
    "lora_bias",
    "fan_in_fan_out",
    "modules_to_save",
    "trainable_token_indices",
    "target_parameters",
    "layer_replication",
    "alora_invocation_tokens",
    "use_qalora",
    "use_bdlora",
    "arrow_config",
    "kasa_config",
    "monteclora_config",
    "megatron_config",
    "velora_config",
];
/// Ways to begin that leave the base as it was.
const INNOCENT_BEGINNINGS: [&str; 3] = ["gaussian", "eva", "orthogonal"];

#[derive(Deserialize)]
struct Settings {
    peft_type: String,
    r: usize,
    lora_alpha: f32,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    base_model_name_or_path: Option<String>,
    #[serde(default)]
    target_modules: Option<Modules>,
    #[serde(default)]
    exclude_modules: Option<Modules>,
    #[serde(default)]
    layers_to_transform: Option<Value>,
    #[serde(default)]
    init_lora_weights: Option<Value>,
    #[serde(default)]
    rank_pattern: BTreeMap<String, usize>,
    #[serde(default)]
    alpha_pattern: BTreeMap<String, f32>,
}

/// Which modules are meant: a list of endings, or a pattern for the whole name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Modules {
    Endings(BTreeSet<String>),
    Pattern(String),
}

/// Everything that a sentence about a bad adapter needs.
struct Reader<'a> {
    name: &'a str,
    settings: Settings,
}

/// Loads one adapter; `origin` is the name that the base has on the hub, if that is known.
pub(super) fn load(
    source: &AdapterSource,
    origin: Option<&str>,
    config: &Config,
) -> Result<Adapter, LoadError> {
    let wrong = |reason: String| LoadError::Adapter { name: source.name.clone(), reason };
    let file = |name: &'static str| {
        let missing = || wrong(format!("`{}` has no `{name}`", source.path.display()));
        source::read(&source.path, name)?.ok_or_else(missing)
    };
    let bytes = file(CONFIG)?;
    let unreadable = |error: serde_json::Error| wrong(format!("`{CONFIG}` is wrong: {error}"));
    let all: BTreeMap<String, Value> = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if let Some(refused) = REFUSED.iter().find(|key| all.get(**key).is_some_and(is_set)) {
        return Err(wrong(format!("it uses `{refused}`, which is not supported; plain LoRA is")));
    }
    let settings: Settings = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let reader = Reader { name: &source.name, settings };
    reader.check(origin)?;
    let bytes = file(WEIGHTS)?;
    let weights = Weights::parse(&bytes).map_err(|error| wrong(renamed(&error)))?;
    reader.deltas(&weights, config)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => true,
    }
}

/// The sentence about a file of weights, under the name that this one has.
fn renamed(error: &LoadError) -> String {
    error.to_string().replace("model.safetensors", WEIGHTS)
}

impl Reader<'_> {
    fn wrong(&self, reason: impl Into<String>) -> LoadError {
        LoadError::Adapter { name: self.name.to_owned(), reason: reason.into() }
    }

    fn check(&self, origin: Option<&str>) -> Result<(), LoadError> {
        let it = &self.settings;
        if it.peft_type != "LORA" {
            let kind = &it.peft_type;
            return Err(self.wrong(format!("it is of type `{kind}`; `LORA` is supported")));
        }
        if let Some(bias) = it.bias.as_deref().filter(|bias| *bias != "none") {
            return Err(self.wrong(format!("it trains biases (`{bias}`), and T5 has none")));
        }
        if let Some(Value::String(begun)) = &it.init_lora_weights
            && !INNOCENT_BEGINNINGS.contains(&&**begun)
        {
            let way = "convert it to plain LoRA with PEFT first";
            return Err(self.wrong(format!("it began as `{begun}`, which changes the base; {way}")));
        }
        // Only names on the hub can be compared; a path says where somebody's disk had it.
        let base = it.base_model_name_or_path.as_deref().and_then(hub_name);
        if let (Some(base), Some(origin)) = (base, origin.and_then(hub_name))
            && !base.eq_ignore_ascii_case(origin)
        {
            let reason = format!("it belongs to `{base}`, and this model is `{origin}`");
            return Err(self.wrong(reason));
        }
        Ok(())
    }

    fn deltas(&self, weights: &Weights<'_>, config: &Config) -> Result<Adapter, LoadError> {
        let known = projections(config);
        let (mut adapted, is_target) = (BTreeSet::new(), self.targets()?);
        for tensor in weights.names() {
            let name = tensor.strip_prefix(PREFIX).unwrap_or(tensor);
            let module = ["A", "B"].iter().find_map(|side| {
                name.strip_suffix(&format!(".lora_{side}.weight"))
                    .or_else(|| name.strip_suffix(&format!(".lora_{side}.default.weight")))
            });
            let module = module.ok_or_else(|| {
                self.wrong(format!("`{WEIGHTS}` has `{tensor}`, which is not plain LoRA"))
            })?;
            if !known.contains_key(module) {
                let reason = format!(
                    "it adapts `{module}`, which is no attention or feed-forward projection of this model"
                );
                return Err(self.wrong(reason));
            }
            adapted.insert(module);
        }
        if adapted.is_empty() {
            return Err(self.wrong(format!("`{WEIGHTS}` has no tensors")));
        }
        let some_layers = self.settings.layers_to_transform.as_ref().is_some_and(is_set);
        let lost = known.keys().find(|name| is_target(name) && !adapted.contains(name.as_str()));
        if let Some(lost) = lost.filter(|_| !some_layers) {
            let reason = format!("`{WEIGHTS}` has no tensors for `{lost}`, a target of `{CONFIG}`");
            return Err(self.wrong(reason));
        }
        let mut deltas = BTreeMap::new();
        for module in adapted {
            let shape = known.get(module).copied().unwrap_or_default();
            deltas.insert(format!("{module}.weight"), self.delta(weights, module, shape)?);
        }
        Ok(Adapter { name: self.name.to_owned(), deltas })
    }

    fn delta(
        &self,
        weights: &Weights<'_>,
        module: &str,
        [outputs, inputs]: [usize; 2],
    ) -> Result<Delta, LoadError> {
        let rank = self.by_pattern(&self.settings.rank_pattern, module)?;
        let rank = rank.unwrap_or(self.settings.r);
        let alpha = self.by_pattern(&self.settings.alpha_pattern, module)?;
        let alpha = alpha.unwrap_or(self.settings.lora_alpha);
        if rank == 0 || rank > inputs.max(outputs) || !alpha.is_finite() {
            return Err(self.wrong(format!("rank {rank} or alpha {alpha} makes no sense")));
        }
        let take = |side: &str, shape: [usize; 2]| -> Result<Vec<f32>, LoadError> {
            let plain = format!("{module}.lora_{side}.weight");
            let named = format!("{module}.lora_{side}.default.weight");
            let wrapped = [format!("{PREFIX}{plain}"), format!("{PREFIX}{named}"), plain, named];
            let written: Vec<&str> = wrapped.iter().map(String::as_str).collect();
            let floats = weights.floats(weights.first(&written), &shape);
            Ok(floats.map_err(|error| self.wrong(renamed(&error)))?.to_vec())
        };
        let root = if self.settings.use_rslora { as_f32(rank).sqrt() } else { as_f32(rank) };
        Ok(Delta {
            rank,
            inputs,
            outputs,
            a: take("A", [rank, inputs])?,
            b: take("B", [outputs, rank])?,
            scale: alpha / root,
        })
    }

    /// The value of the first pattern that fits a module's name from its end.
    fn by_pattern<T: Copy>(
        &self,
        patterns: &BTreeMap<String, T>,
        module: &str,
    ) -> Result<Option<T>, LoadError> {
        for (pattern, value) in patterns {
            if self.regex(&format!(r"^(?:.*\.)?(?:{pattern})$"))?.is_match(module) {
                return Ok(Some(*value));
            }
        }
        Ok(None)
    }

    fn regex(&self, pattern: &str) -> Result<Regex, LoadError> {
        Regex::new(pattern)
            .map_err(|_| self.wrong(format!("`{pattern}` is a pattern that cannot be read")))
    }

    /// Which modules the configuration asks for.
    fn targets(&self) -> Result<impl Fn(&str) -> bool, LoadError> {
        let matcher = |modules: &Option<Modules>| -> Result<Option<Matcher>, LoadError> {
            Ok(match modules {
                None => None,
                Some(Modules::Pattern(pattern)) if pattern == "all-linear" => Some(Matcher::All),
                Some(Modules::Pattern(pattern)) => {
                    Some(Matcher::Whole(self.regex(&format!("^(?:{pattern})$"))?))
                }
                Some(Modules::Endings(endings)) => Some(Matcher::Endings(endings.clone())),
            })
        };
        let wanted = matcher(&self.settings.target_modules)?;
        let excluded = matcher(&self.settings.exclude_modules)?;
        Ok(move |module: &str| {
            wanted.as_ref().is_some_and(|it| it.fits(module))
                && !excluded.as_ref().is_some_and(|it| it.fits(module))
        })
    }
}

enum Matcher {
    All,
    Whole(Regex),
    Endings(BTreeSet<String>),
}

impl Matcher {
    fn fits(&self, module: &str) -> bool {
        match self {
            Self::All => true,
            Self::Whole(pattern) => pattern.is_match(module),
            Self::Endings(endings) => endings.iter().any(|ending| {
                module.strip_suffix(&**ending).is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }),
        }
    }
}

/// The last part of a name such as `google/flan-t5-small`; `None` for paths.
fn hub_name(name: &str) -> Option<&str> {
    let is_path = name.starts_with(['/', '.', '~']) || name.contains('\\');
    let (owner, model) = name.split_once('/').filter(|_| !is_path)?;
    (!owner.is_empty() && !model.is_empty() && !model.contains('/')).then_some(model)
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a rank is small")]
fn as_f32(rank: usize) -> f32 {
    rank as f32
}

//! The local models of the configuration: `local_models`, `licences_allowed`, and how targets name
//! them.

use super::Decoder;
use crate::config::settings::{LocalModelSettings, ModelChoice, TargetKind};
use crate::engine::{AdapterSource, BackendChoice, DeviceChoice, EngineSettings, Precision};
use crate::yaml::{Cursor, Fields};

const MODEL: &[&str] = &[
    "name",
    "path",
    "licence",
    "sha256",
    "tokenizer_sha256",
    "adapters",
    "backend",
    "weights",
    "device",
    "threads",
    "queue",
];
const ADAPTER: &[&str] = &["name", "path"];
/// The name that the model in the binary has.
const STARTER: &str = "starter";

const BACKENDS: &[(&str, BackendChoice)] =
    &[("cpu", BackendChoice::Cpu), ("candle", BackendChoice::Candle)];
const WEIGHTS: &[(&str, Precision)] = &[
    ("auto", Precision::Auto),
    ("int8", Precision::Int8),
    ("int4", Precision::Int4),
    ("bf16", Precision::Bf16),
    ("f32", Precision::F32),
];

impl Decoder<'_> {
    pub(super) fn licences(&mut self, at: &Cursor<'_>) -> Vec<String> {
        let items = self.reader.list(at).unwrap_or_default();
        if items.is_empty() && !self.reader.has_errors() {
            let help = "name licences such as `apache-2.0`, or leave the key out to allow any";
            self.reader.wrong_with_help(at, "no licence is allowed".to_owned(), help);
        }
        let licence = |item: &Cursor<'_>| self.reader.sentence(item).map(str::to_owned);
        items.iter().filter_map(licence).collect()
    }

    pub(super) fn local_models(&mut self, at: &Cursor<'_>) -> Vec<LocalModelSettings> {
        let mut models: Vec<LocalModelSettings> = Vec::new();
        for item in self.reader.list(at).unwrap_or_default() {
            let Some(model) = self.local_model(&item) else { continue };
            if models.iter().any(|other| other.name == model.name) {
                let message = format!("there are two local models named `{}`", model.name);
                self.reader.wrong_with_help(&item, message, "rename one of them");
            }
            models.push(model);
        }
        models
    }

    fn local_model(&mut self, at: &Cursor<'_>) -> Option<LocalModelSettings> {
        let fields = self.reader.fields(at, MODEL)?;
        let name_at = fields.need("name", &mut self.reader);
        let name = name_at.as_ref().and_then(|at| self.reader.name(at)).map(str::to_owned);
        if let (Some(at), Some(STARTER)) = (&name_at, name.as_deref()) {
            let message = "`starter` is the model in the binary".to_owned();
            self.reader.wrong_with_help(at, message, "choose another name");
        }
        let path = fields.need("path", &mut self.reader);
        let path = path.and_then(|at| self.reader.sentence(&at)).map(|it| self.folder.join(it));
        let licence = fields.get("licence").and_then(|at| self.reader.sentence(&at));
        let licence = licence.map(str::to_owned);
        let sha256 = fields.get("sha256").and_then(|at| self.digest(&at));
        let tokenizer_sha256 = fields.get("tokenizer_sha256").and_then(|at| self.digest(&at));
        let adapters = fields.get("adapters").map(|at| self.adapters(&at)).unwrap_or_default();
        let engine = self.engine_settings(&fields);
        Some(LocalModelSettings {
            name: name?,
            path: path?,
            licence,
            sha256,
            tokenizer_sha256,
            adapters,
            engine,
        })
    }

    fn digest(&mut self, at: &Cursor<'_>) -> Option<String> {
        let text = self.reader.sentence(at)?;
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!("`{text}` is not a SHA-256");
            let help = "write its 64 hexadecimal digits, as `models list` and `sha256sum` do";
            self.reader.wrong_with_help(at, message, help);
        }
        Some(text.to_owned())
    }

    fn adapters(&mut self, at: &Cursor<'_>) -> Vec<AdapterSource> {
        let mut adapters: Vec<AdapterSource> = Vec::new();
        for item in self.reader.list(at).unwrap_or_default() {
            let Some(fields) = self.reader.fields(&item, ADAPTER) else { continue };
            let name = fields.need("name", &mut self.reader);
            let name = name.and_then(|at| self.reader.name(&at)).map(str::to_owned);
            let path = fields.need("path", &mut self.reader);
            let path = path.and_then(|at| self.reader.sentence(&at));
            let (Some(name), Some(path)) = (name, path) else { continue };
            if adapters.iter().any(|other| other.name == name) {
                let message = format!("there are two adapters named `{name}`");
                self.reader.wrong_with_help(&item, message, "rename one of them");
            }
            adapters.push(AdapterSource { name, path: self.folder.join(path) });
        }
        adapters
    }

    fn engine_settings(&mut self, fields: &Fields<'_>) -> EngineSettings {
        let mut settings = EngineSettings::default();
        self.set(fields, "threads", &mut settings.threads, Self::count);
        self.set(fields, "queue", &mut settings.queue_max, Self::count);
        self.set(fields, "backend", &mut settings.backend, |it, at| {
            it.word(at, "backend", BACKENDS)
        });
        self.set(fields, "weights", &mut settings.weights, |it, at| {
            it.word(at, "kind of weights", WEIGHTS)
        });
        self.set(fields, "device", &mut settings.device, Self::device);
        if let (Some(at), BackendChoice::Cpu) = (fields.get("device"), settings.backend)
            && settings.device != DeviceChoice::Cpu
        {
            let message = "the `cpu` backend computes on the processor only".to_owned();
            self.reader.wrong_with_help(&at, message, "set `backend: candle`");
        }
        if let (Some(at), BackendChoice::Candle) = (fields.get("weights"), settings.backend)
            && settings.weights != Precision::F32
        {
            let message = "the `candle` backend computes in f32".to_owned();
            self.reader.wrong_with_help(&at, message, "leave `weights` out, or set `backend: cpu`");
        }
        settings
    }

    /// `cpu`, `cuda`, `cuda:1`, `metal`.
    fn device(&mut self, at: &Cursor<'_>) -> Option<DeviceChoice> {
        let text = self.reader.text(at)?;
        let device = match text.split_once(':') {
            None if text == "cpu" => Some(DeviceChoice::Cpu),
            None if text == "cuda" => Some(DeviceChoice::Cuda(0)),
            None if text == "metal" => Some(DeviceChoice::Metal),
            Some(("cuda", number)) => number.parse().ok().map(DeviceChoice::Cuda),
            _ => None,
        };
        if device.is_none() {
            let message = format!("`{text}` is not a device");
            self.reader.wrong_with_help(at, message, "write `cpu`, `cuda:0` or `metal`");
        }
        device
    }

    /// The engine of a target: `starter`, the name of a local model, or a path.
    pub(super) fn engine(&mut self, at: &Cursor<'_>, fields: &Fields<'_>) -> Option<TargetKind> {
        for name in
            ["model", "base_url", "region", "api_version", "key", "aws", "timeout", "timeouts"]
        {
            if let Some(at) = fields.get(name) {
                self.reader.wrong(&at, format!("`{name}` belongs to a target with `provider`"));
            }
        }
        let text = self.reader.sentence(at)?;
        if let Some(model) = self.models.iter().find(|model| model.name == text) {
            let settings = model.engine.clone();
            for name in ["threads", "queue"] {
                if let Some(at) = fields.get(name) {
                    let message = format!("`{name}` belongs to the model that targets share");
                    let help = format!("set it in `local_models` for `{text}`");
                    self.reader.wrong_with_help(&at, message, help);
                }
            }
            return Some(TargetKind::Engine(ModelChoice::Named(text.to_owned()), settings));
        }
        let mut settings = EngineSettings::default();
        self.set(fields, "threads", &mut settings.threads, Self::count);
        self.set(fields, "queue", &mut settings.queue_max, Self::count);
        if text == STARTER {
            return Some(TargetKind::Engine(ModelChoice::Starter, settings));
        }
        let path = self.folder.join(text);
        if !text.contains(['/', '.']) && !path.exists() {
            let names = self.models.iter().map(|model| model.name.as_str()).chain([STARTER]);
            let names: Vec<String> = names.map(str::to_owned).collect();
            let names = names.iter().map(String::as_str);
            self.reader.unknown_word(at, ("local model", text), names);
            return None;
        }
        Some(TargetKind::Engine(ModelChoice::Folder(path), settings))
    }

    /// The adapter of a target, which its model must have.
    pub(super) fn adapter(&mut self, at: &Cursor<'_>, kind: &TargetKind) -> Option<String> {
        let name = self.reader.name(at)?;
        let model = match kind {
            TargetKind::Engine(ModelChoice::Named(model), _) => {
                self.models.iter().find(|it| it.name == *model)
            }
            TargetKind::Engine(..) | TargetKind::Remote(_) => None,
        };
        let Some(model) = model else {
            let help = "name the model with its `adapters` in `local_models`, and it here";
            let message = "this target has no model with adapters".to_owned();
            self.reader.wrong_with_help(at, message, help);
            return None;
        };
        let names: Vec<String> = model.adapters.iter().map(|it| it.name.clone()).collect();
        if names.iter().any(|known| known == name) {
            return Some(name.to_owned());
        }
        self.reader.unknown_word(at, ("adapter", name), names.iter().map(String::as_str));
        None
    }
}

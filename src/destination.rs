//! Where requests can go: every configured target, ready to be used.

mod health;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::health::{Admission, Health, Line};
use crate::caller::Meter;
use crate::chat::usage::Extra;
use crate::chat::{History, Hosted, Request, Shape, Surface, Uses};
use crate::config::settings::Power;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::inspect::{Findings, Lang};
use crate::money::{NanoUsd, Tokens};
use crate::policy::{Estimate, Unable};
use crate::record::{Chosen, Weights};
use crate::route::price::{Listing, Price};
use crate::upstream::Remote;

/// Longest answer of a target that states none.
pub const OUTPUT_TOKENS_MAX: Tokens = Tokens(4_096);

/// What gpt-4o-mini bills for an image in full detail is 2,833 tokens and 5,667 for each of six tiles (OpenAI's
/// guide to images and vision); no other model of the book is known to bill more.
const IMAGE_TOKENS_MAX: Tokens = Tokens(40_000);

/// A file may have 1,000 pages of 258 tokens (Google's guide to documents), or 100 of up to 2,600 (OpenAI's and Anthropic's).
const FILE_TOKENS_MAX: Tokens = Tokens(260_000);

/// What a target can do. Absent means no limit that we know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serves {
    /// Longest prompt.
    pub input_tokens_max: Option<Tokens>,
    /// Longest answer; also the limit for callers who set none.
    pub output_tokens_max: Tokens,
    /// Whether it can call tools.
    pub tools: bool,
    /// What it can read beside text.
    pub reads: Reads,
    /// The most prompt tokens that one image is billed as, wherever it lies and however few its bytes are.
    pub image_tokens_max: Tokens,
    /// The most prompt tokens that one file or film is billed as, wherever it lies and however few its bytes are.
    pub file_tokens_max: Tokens,
    /// The most uses of a tool that the provider runs, for a request that offers it and does not say how many.
    pub tool_calls_max: u32,
    /// The most prompt tokens that what one use brings becomes.
    pub tool_tokens_max: Tokens,
}

/// What a target can read beside text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Whether it can see images.
    pub images: bool,
    /// Whether it can read files, films and documents.
    pub files: bool,
    /// Whether it can hear sound.
    pub audio: bool,
}

impl Default for Serves {
    fn default() -> Self {
        let output_tokens_max = OUTPUT_TOKENS_MAX;
        Self {
            input_tokens_max: None,
            output_tokens_max,
            tools: true,
            reads: Reads { images: true, files: true, audio: true },
            image_tokens_max: IMAGE_TOKENS_MAX,
            file_tokens_max: FILE_TOKENS_MAX,
            tool_calls_max: 10,
            tool_tokens_max: Tokens(20_000),
        }
    }
}

impl Serves {
    /// What a model can do that is given nothing but texts.
    pub fn text_only() -> Self {
        let reads = Reads { images: false, files: false, audio: false };
        Self { tools: false, reads, ..Self::default() }
    }

    /// The limit on answer tokens that goes to the target: the caller's, the interface's, or ours.
    pub fn output_max(&self, request: &Request) -> Tokens {
        request.output_max.or(request.output_default).unwrap_or(self.output_tokens_max)
    }

    /// The most that a request can cost at this price.
    pub fn bound(&self, price: &Price, request: &Request, input_bound: Tokens) -> Estimate {
        // What lies at the provider is as long as its model can read, for all that we know.
        let input_bound = match (request.history, self.input_tokens_max) {
            (History::Here, _) => input_bound,
            (History::AtProvider, Some(most)) => most.max(input_bound),
            (History::AtProvider, None) => return Estimate::Unpriced,
        };
        let Some((uses, fees)) = self.tools_bound(price, request.hosted, request.choices) else {
            return Estimate::Unpriced;
        };
        let found = Tokens(self.tool_tokens_max.0.saturating_mul(uses));
        let seen = Tokens(self.image_tokens_max.0.saturating_mul(request.images));
        let read = Tokens(self.file_tokens_max.0.saturating_mul(request.files));
        // No file is longer than what the model can read.
        let read = self.input_tokens_max.map_or(read, |most| read.min(most));
        let output = Tokens(self.output_max(request).0.saturating_mul(request.choices));
        let tokens = price.upper_bound_at(request.tier, input_bound + found + seen + read, output);
        tokens.map_or(Estimate::Unpriced, |tokens| Estimate::Known(tokens + fees))
    }

    /// How often tools of the provider's may be used for so many answers, and what that costs beside tokens;
    /// `None` if one of them has no known price.
    fn tools_bound(&self, price: &Price, hosted: Hosted, answers: u32) -> Option<(u32, NanoUsd)> {
        let (mut uses, mut fees) = (0_u32, NanoUsd::ZERO);
        for (tool, may) in hosted.each() {
            let most = match may {
                Uses::None => 0,
                Uses::AtMost(most) => most,
                Uses::Unstated => self.tool_calls_max,
            };
            let most = most.saturating_mul(answers);
            uses = uses.saturating_add(most);
            // All programs of an answer run in one container.
            let billed = if tool == Extra::CodeSession { most.min(answers) } else { most };
            fees += price.pieces(tool.into(), billed)?;
        }
        Some((uses, fees))
    }

    /// Why a target that can do this and no more cannot serve a request.
    pub fn unable(&self, request: &Request, findings: &Findings) -> Option<Unable> {
        if request.has_tools && !self.tools {
            Some(Unable::NoTools)
        } else if request.has_images() && !self.reads.images {
            Some(Unable::NoImages)
        } else if request.documents > 0 && !self.reads.files {
            Some(Unable::NoFiles)
        } else if request.sounds > 0 && !self.reads.audio {
            Some(Unable::NoAudio)
        } else if self.input_tokens_max.is_some_and(|most| findings.tokens_input > most) {
            Some(Unable::InputTooLong)
        } else {
            None
        }
    }
}

/// How a target is reached.
#[derive(Debug)]
pub enum Kind {
    /// In this process.
    Local(Engine),
    /// Over the network.
    Remote(Box<Remote>),
}

/// A target of the configuration.
#[derive(Debug)]
pub struct Destination {
    /// The name that policies use.
    pub name: String,
    /// Where its processing happens.
    pub zone: String,
    /// How it is reached.
    pub kind: Kind,
    /// What it can do.
    pub serves: Serves,
    /// Its prices; `None` when the book does not know it.
    pub listing: Option<Arc<Listing>>,
    /// Whether they are the user's, which win over everybody's.
    pub has_own_price: bool,
    /// Whether it can be used at all.
    pub power: Power,
    /// Seats for requests that run at the same time.
    pub seats: Arc<Semaphore>,
    /// Those who wait for one.
    pub line: Line,
    /// How fast it is asked.
    pub meter: Meter,
    /// How long its first word is waited for before another target is asked, too.
    pub hedge: Option<Duration>,
    /// How it fares.
    pub health: Arc<Health>,
}

impl Destination {
    /// The model's own name.
    pub fn model(&self) -> &str {
        match &self.kind {
            Kind::Local(engine) => &engine.card().name,
            Kind::Remote(remote) => &remote.model,
        }
    }

    /// Who answers: the provider's name, or `engine` for a model in this process.
    pub fn provider(&self) -> &'static str {
        match &self.kind {
            Kind::Local(_) => "engine",
            Kind::Remote(remote) => remote.provider.name(),
        }
    }

    /// The names that records keep when a route chose it.
    pub fn chosen(&self, route: &str) -> Chosen {
        Chosen {
            route: route.to_owned(),
            target: self.name.clone(),
            zone: self.zone.clone(),
            model: self.model().to_owned(),
        }
    }

    /// What the model is, if it is in this process.
    pub fn weights(&self) -> Option<Weights> {
        let card = self.engine()?.card();
        Some(Weights {
            licence: card.licence.clone(),
            sha256: card.digest_known().map(str::to_owned),
        })
    }

    /// The engine, if it is in this process.
    pub const fn engine(&self) -> Option<&Engine> {
        match &self.kind {
            Kind::Local(engine) => Some(engine),
            Kind::Remote(_) => None,
        }
    }

    /// Why it cannot serve a request, as far as that is known without measuring the text.
    pub fn unable(&self, request: &Request, findings: &Findings) -> Option<Unable> {
        if self.power == Power::Off || !self.health.admits() {
            Some(Unable::Down)
        } else if let Some(unable) = self.serves.unable(request, findings) {
            Some(unable)
        } else if !self.reads(findings.lang) {
            Some(Unable::Language)
        } else if !self.can_answer(request) {
            Some(Unable::Surface)
        } else if self.engine().is_some() && request.history == History::AtProvider {
            Some(Unable::NoHistory)
        } else if self.engine().is_some() && request.sampling.shape == Some(Shape::Json) {
            Some(Unable::Shape)
        } else if self.seats.available_permits() == 0 && self.line.is_full() {
            Some(Unable::Overloaded)
        } else {
            None
        }
    }

    /// Whether it knows a language. A model that states none is taken to know all.
    fn reads(&self, lang: Lang) -> bool {
        let Some(engine) = self.engine() else { return true };
        let languages = &engine.card().serves.languages;
        let knows = |code: &str| languages.iter().any(|language| language == code);
        match lang {
            Lang::En | Lang::Other => true,
            Lang::Zh => languages.is_empty() || knows("zh"),
        }
    }

    /// Whether it can answer requests of this interface, as many times as is wanted.
    fn can_answer(&self, request: &Request) -> bool {
        match &self.kind {
            // Every text becomes a vector, however many there are.
            Kind::Local(_) if request.surface == Surface::OpenAiEmbeddings => true,
            Kind::Local(engine) => can_make(engine, request),
            Kind::Remote(remote) => remote.answers(request.surface),
        }
    }

    /// The limit on answer tokens that goes to the target: the caller's, the interface's, or ours.
    pub fn output_max(&self, request: &Request) -> Tokens {
        self.serves.output_max(request)
    }

    /// The most that an upstream can bill for a request. The local engine bills nothing.
    pub fn estimate(&self, request: &Request, input_bound: Tokens, now: Timestamp) -> Estimate {
        if self.engine().is_some() {
            return Estimate::Known(NanoUsd::ZERO);
        }
        let Some(price) = self.price(now) else { return Estimate::Unpriced };
        self.serves.bound(price, request, input_bound)
    }

    /// The price in force; `None` when the book does not know it.
    pub fn price(&self, now: Timestamp) -> Option<&Price> {
        self.listing.as_ref().map(|listing| listing.at(now))
    }

    /// A seat for one request that may use so many tokens.
    ///
    /// # Errors
    /// Why there is none; nothing is said where all are taken.
    pub fn seat(&self, tokens: u32) -> Result<OwnedSemaphorePermit, Option<Failure>> {
        let seat = self.free_seat().ok_or(None)?;
        self.count(tokens)?;
        Ok(seat)
    }

    fn free_seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Counts a request that is about to be sent against the target's rates.
    fn count(&self, tokens: u32) -> Result<(), Option<Failure>> {
        self.meter.request().map_err(Some)?;
        self.meter.tokens(tokens).map_err(Some)?;
        Ok(())
    }
}

impl Destination {
    /// A seat for one request, after a while in line if need be.
    ///
    /// # Errors
    /// Why there is none; nothing is said where the line is full or does not move.
    pub async fn seat_in_line(&self, tokens: u32) -> Result<OwnedSemaphorePermit, Option<Failure>> {
        let seat = match self.free_seat() {
            Some(seat) => seat,
            None => self.wait_for_seat().await.ok_or(None)?,
        };
        self.count(tokens)?;
        Ok(seat)
    }

    async fn wait_for_seat(&self) -> Option<OwnedSemaphorePermit> {
        let _waiting = self.line.join()?;
        let seat = Arc::clone(&self.seats).acquire_owned();
        tokio::time::timeout(self.line.patience, seat).await.ok()?.ok()
    }

    /// The word for how it fares: `off` without a key.
    pub fn standing(&self) -> &'static str {
        if self.power == Power::Off { "off" } else { self.health.standing().name() }
    }
}

/// Whether the engine can make as many answers as are wanted.
fn can_make(engine: &Engine, request: &Request) -> bool {
    usize::try_from(request.choices).is_ok_and(|choices| choices <= engine.batch_max())
}

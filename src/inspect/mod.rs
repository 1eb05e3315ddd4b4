//! What a request contains, learned without sending it anywhere: sensitive values, the kind of
//! task, the language and the size.
//!
//! Pure: bytes in, values out, no clock, no I/O. `inspector.rs` runs it under a deadline.

mod custom;
mod join;
#[cfg(test)]
mod tests;
pub mod sensitivity;
pub mod size;
pub mod tagger;
pub mod task;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

pub use custom::{CustomError, CustomPattern, TERMS_MAX, Terms, Validator};
pub use sensitivity::{Confidence, Evidence, Finding, Label, LabelSet, Level, Pack, PackSet};
pub use sensitivity::{OWN_LABELS_MAX, OwnLabel, OwnLabelError};
pub use tagger::{Tag, Tagged, Tagger};
pub use task::{Conversation, Task, TaskGuess};

/// One string of the request, with the place it was found in.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Where it stands, such as `messages[0].content` or `tools[2].function.name`.
    pub path: &'a str,
    /// The text itself, unescaped.
    pub text: &'a str,
    /// Whether a model reads this as conversation (message content), as opposed to settings.
    pub is_prose: bool,
}

/// How much of the request the detectors have seen. Anything but `Complete` narrows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scan {
    /// Every string was read to its end.
    Complete,
    /// Some part could not be read: an image, a file, a text over the size limit.
    Partial,
    /// Inspection failed or ran out of time: nothing is known.
    #[default]
    Uninspected,
}

impl Scan {
    /// The word that policies and records use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Uninspected => "uninspected",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Complete, Self::Partial, Self::Uninspected];
        all.into_iter().find(|scan| scan.name() == name)
    }
}

/// The language the prose is mostly written in; `Other` covers everything not told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// English (and, for now, other languages in Latin letters without a clearer sign).
    En,
    /// Chinese.
    Zh,
    /// Any other language or no language at all.
    #[default]
    Other,
}

impl Lang {
    /// The word that policies and records use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
            Self::Other => "other",
        }
    }

    /// Reads the word back.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::En, Self::Zh, Self::Other].into_iter().find(|lang| lang.name() == name)
    }
}

/// Everything inspection learned. The worst case is the default: nothing was seen.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Sensitive values, in the order of the text.
    pub items: Vec<Finding>,
    /// The labels found, as a set.
    pub labels: LabelSet,
    /// Those of which there are ten different values or more.
    pub bulk: LabelSet,
    /// Those of which a value is certain.
    pub certain: LabelSet,
    /// How much was seen.
    pub scan: Scan,
    /// What the caller wants done; `None` when it was not looked at.
    pub task: Option<TaskGuess>,
    /// The main language.
    pub lang: Lang,
    /// Estimated prompt tokens of a byte-pair tokenizer.
    pub tokens_input: crate::money::Tokens,
}

impl Findings {
    /// Adds a kind of value to the sets.
    fn note(&mut self, label: Label, confidence: Confidence) {
        self.labels.insert(label);
        if confidence == Confidence::Certain {
            self.certain.insert(label);
        }
    }
}

/// What inspection may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Texts beyond this many bytes in all are not read, and the scan counts as partial.
    pub bytes_max: usize,
    /// What is looked for.
    pub packs: PackSet,
}

impl Default for Options {
    fn default() -> Self {
        Self { bytes_max: 1024 * 1024, packs: PackSet::DEFAULT }
    }
}

/// What is looked for, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Limits, and what is switched on.
    pub options: Options,
    /// The installation's own terms.
    pub terms: Option<Arc<Terms>>,
    /// The policy's own patterns.
    pub patterns: Arc<Vec<CustomPattern>>,
    /// A language model that reads the texts, too. It takes its time: whoever asks with one does
    /// so on a thread that may wait.
    pub tagger: Option<Arc<dyn Tagger>>,
    /// What tells tasks apart; `None` is the embedded weights.
    pub task_model: Option<Arc<task::Model>>,
    /// The policy's own words for tasks.
    pub task_words: task::Keywords,
}

impl Inspection {
    /// Reads a whole request: sensitive values in every string, and task, language and size of the
    /// prose. Takes about as long as copying the text a few times; never fails.
    pub fn read(&self, leaves: &[Leaf<'_>]) -> Findings {
        let text = request_text(leaves);
        self.read_with(leaves, &Conversation { turns: vec![&text], ..Conversation::default() })
    }

    /// The same, where it is known who said what.
    pub fn read_with(&self, leaves: &[Leaf<'_>], said: &Conversation<'_>) -> Findings {
        let mut findings = Findings { scan: Scan::Complete, ..Findings::default() };
        let mut bytes_left = self.options.bytes_max;
        let (mut all, mut prose) = (size::Tally::default(), size::Tally::default());
        let mut messages: u32 = 0;
        let tagged = self.tagged(leaves);
        if tagged.as_ref().is_some_and(|tagged| !tagged.is_complete) {
            findings.scan = Scan::Partial;
        }
        let mut tags = tagged.into_iter().flat_map(|tagged| tagged.tags);
        for (index, leaf) in (0_u32..).zip(leaves) {
            let fits = fitting(leaf.text, bytes_left);
            if fits.len() < leaf.text.len() {
                findings.scan = Scan::Partial;
            }
            bytes_left -= fits.len();
            let tally = size::Tally::of(fits);
            all.add(&tally);
            if leaf.is_prose {
                prose.add(&tally);
                messages += 1;
            }
            let mut scanned = self.scan(leaf.path, fits);
            if let Some(tags) = tags.next() {
                tagger::join(&mut scanned, fits, &tags);
            }
            if scanned.is_partial {
                findings.scan = Scan::Partial;
            }
            report(&mut findings, index, scanned.values);
        }
        if leaves.len() > 1 && findings.scan == Scan::Complete {
            join::read(leaves, self, &mut findings);
            findings.items.sort_by_key(|item| (item.leaf, item.span.start));
        }
        findings.bulk = bulk(leaves, &findings.items);
        findings.lang = prose.lang();
        findings.task = Some(said.guess(self.task_model(), &self.task_words, findings.lang));
        findings.tokens_input = input_tokens(leaves, self.options.bytes_max, &all, messages);
        findings
    }

    /// What the language model says of the texts, as far as inspection reads them.
    fn tagged(&self, leaves: &[Leaf<'_>]) -> Option<Tagged> {
        let tagger = self.tagger.as_ref()?;
        let mut bytes_left = self.options.bytes_max;
        let texts = leaves.iter().map(|leaf| {
            let fits = fitting(leaf.text, bytes_left);
            bytes_left -= fits.len();
            fits
        });
        Some(tagger.tag(&texts.collect::<Vec<&str>>()))
    }

    /// What tells tasks apart.
    pub fn task_model(&self) -> &task::Model {
        self.task_model.as_deref().unwrap_or_else(|| task::Model::embedded())
    }

    /// Every sensitive value of one string, in the order of the text and without overlaps.
    pub fn values(&self, path: &str, text: &str) -> Vec<(Label, Confidence, Range<usize>)> {
        let mut scanned = self.scan(path, text);
        if let Some(tagger) = &self.tagger {
            let tags = tagger.tag(&[text]).tags.into_iter().next().unwrap_or_default();
            tagger::join(&mut scanned, text, &tags);
        }
        let values = scanned.values.into_iter();
        values.map(|value| (value.label, value.confidence, value.span)).collect()
    }

    /// What named each value of one string, in the order of the text: for people who ask why.
    pub fn explain(&self, path: &str, text: &str) -> Vec<Explained> {
        let sought = sensitivity::Sought { explains: true, ..self.sought() };
        let values = sensitivity::Scanner::shared().scan(text, path, &sought).values.into_iter();
        values
            .map(|value| {
                let (is_by_path, word) = match value.cue {
                    Some(sensitivity::Cue::Path) => (true, None),
                    Some(sensitivity::Cue::Word(word)) => (false, Some(word)),
                    None => (false, None),
                };
                Explained { label: value.label, span: value.span, is_by_path, word }
            })
            .collect()
    }

    fn scan(&self, path: &str, text: &str) -> sensitivity::Scanned {
        sensitivity::Scanner::shared().scan(text, path, &self.sought())
    }

    fn sought(&self) -> sensitivity::Sought<'_> {
        sensitivity::Sought {
            packs: self.options.packs,
            terms: self.terms.as_deref().filter(|terms| !terms.is_empty()),
            patterns: &self.patterns,
            explains: false,
        }
    }
}

/// What led to a value: places in the text, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What it is.
    pub label: Label,
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// Whether the key that the text stands under names it.
    pub is_by_path: bool,
    /// The word, key or column head in the text that names it.
    pub word: Option<Range<usize>>,
}

impl From<Options> for Inspection {
    fn from(options: Options) -> Self {
        Self { options, ..Self::default() }
    }
}

/// Reads a whole request for the built-in kinds of values.
pub fn read(leaves: &[Leaf<'_>], options: &Options) -> Findings {
    Inspection::from(*options).read(leaves)
}

/// So many different values of one kind are a list of people rather than a letter.
const BULK_MIN: usize = 10;

/// The kinds of which there are many different values.
fn bulk(leaves: &[Leaf<'_>], items: &[Finding]) -> LabelSet {
    if items.len() < BULK_MIN {
        return LabelSet::EMPTY;
    }
    let mut seen: BTreeMap<Label, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        let leaf = usize::try_from(item.leaf).ok().and_then(|leaf| leaves.get(leaf));
        let span = usize::try_from(item.span.start).ok().zip(usize::try_from(item.span.end).ok());
        if let Some((leaf, (start, end))) = leaf.zip(span) {
            let values = seen.entry(item.label).or_default();
            if values.len() < BULK_MIN {
                values.extend(leaf.text.get(start..end));
            }
        }
    }
    seen.into_iter()
        .filter(|(_, values)| values.len() >= BULK_MIN)
        .map(|(label, _)| label)
        .collect()
}

/// Tokens that a chat format spends on each message and on the beginning of the answer (as
/// published for OpenAI's chat models).
const TOKENS_PER_MESSAGE: u32 = 4;
const TOKENS_PER_ANSWER: u32 = 3;

fn input_tokens(
    leaves: &[Leaf<'_>],
    bytes_max: usize,
    all: &size::Tally,
    messages: u32,
) -> crate::money::Tokens {
    let total: usize = leaves.iter().map(|leaf| leaf.text.len()).sum();
    // What was not read counts with the worst case.
    let unread = size::upper_bound(total.saturating_sub(bytes_max)).0;
    let frame = messages.saturating_mul(TOKENS_PER_MESSAGE).saturating_add(TOKENS_PER_ANSWER);
    crate::money::Tokens(all.tokens().0.saturating_add(frame).saturating_add(unread))
}

/// As much of the text as fits, in whole characters.
fn fitting(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

fn report(findings: &mut Findings, leaf: u32, values: Vec<sensitivity::Value>) {
    for value in values {
        let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        findings.note(value.label, value.confidence);
        findings.items.push(Finding {
            label: value.label,
            leaf,
            span: place(value.span.start)..place(value.span.end),
            confidence: value.confidence,
            evidence: value.evidence,
        });
    }
}

/// The last message, which says what is wanted; its parts are joined if there are several.
fn request_text<'a>(leaves: &[Leaf<'a>]) -> std::borrow::Cow<'a, str> {
    let message = |leaf: &Leaf<'a>| leaf.path.split_inclusive(']').next().unwrap_or_default();
    let mut prose = leaves.iter().filter(|leaf| leaf.is_prose).rev();
    let Some(last) = prose.next() else { return "".into() };
    let earlier: smallvec::SmallVec<[&str; 4]> =
        prose.take_while(|leaf| message(leaf) == message(last)).map(|leaf| leaf.text).collect();
    if earlier.is_empty() {
        return last.text.into();
    }
    let parts: Vec<&str> = earlier.into_iter().rev().chain([last.text]).collect();
    parts.join("\n\n").into()
}

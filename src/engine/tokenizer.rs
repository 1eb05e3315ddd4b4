//! Text to token ids and back, with three promises that `tokenizer.json` alone does not give:
//!
//! - A prompt is never padded or cut: some files in the wild pad to 512, and are refused.
//! - Text cannot become a control token. `</s>` typed by a user would end the prompt early, and
//!   `<extra_id_0>` would start a fill-in game; the library's own switch against this does not
//!   reach the vocabulary of a Unigram model. So the literal is broken up before encoding, and
//!   what still arrives as a control id (full-width letters that normalise to one) becomes unknown.
//! - It is known how much of the text was lost, by characters: unknown runs fuse into one token,
//!   so a share of tokens would call a Chinese paragraph "one unknown word".

mod pieces;
mod unigram;

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

pub(super) use self::pieces::{Piece, PieceKind, Pieces};
use self::unigram::Vocabulary;
use super::error::LoadError;

/// The library's tokenizer around our vocabulary.
type Inner = tokenizers::TokenizerImpl<
    Vocabulary,
    tokenizers::NormalizerWrapper,
    tokenizers::PreTokenizerWrapper,
    tokenizers::PostProcessorWrapper,
    tokenizers::DecoderWrapper,
>;

/// A prompt as the model reads it.
#[derive(Clone, PartialEq)]
pub(super) struct Encoded {
    /// The ids, the end token included.
    pub(super) ids: Vec<u32>,
    /// The share of the non-blank characters that the tokenizer cannot represent, 0 to 1.
    pub(super) unk_ratio: f32,
}

/// A loaded tokenizer.
pub(super) struct Tokenizer {
    inner: Inner,
    /// Finds the literals of control tokens, and what to write instead.
    literals: AhoCorasick,
    broken_up: Vec<String>,
    /// Every special token; those that a text must not contain are these without the unknown one.
    special: BTreeSet<u32>,
    unknown: Option<u32>,
    end: u32,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Tokenizer({} tokens)", self.vocabulary())
    }
}

impl Tokenizer {
    /// Reads `tokenizer.json` for a model with this end token and this many embeddings.
    pub(super) fn load(bytes: &[u8], end: u32, embeddings: usize) -> Result<Self, LoadError> {
        let inner: Inner =
            serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
        refuse_traps(&inner)?;
        Self::of(inner, end, embeddings)
    }

    /// Puts the tokenizer together that another file describes.
    pub(super) fn assemble(pieces: Pieces, end: u32, embeddings: usize) -> Result<Self, LoadError> {
        Self::of(pieces::assemble(pieces)?, end, embeddings)
    }

    fn of(inner: Inner, end: u32, embeddings: usize) -> Result<Self, LoadError> {
        let size = inner.get_vocab_size(true);
        if size > embeddings {
            let reason = format!(
                "it has {size} tokens and the model knows {embeddings}; it belongs to another model"
            );
            return Err(wrong(reason));
        }
        let unknown = inner.token_to_id("<unk>");
        let mut special = BTreeSet::from([end]);
        let mut literals = Vec::new();
        for (id, token) in inner.get_added_tokens_decoder() {
            if token.special {
                special.insert(id);
                literals.push(token.content);
            }
        }
        literals.retain(|literal| literal.chars().count() > 1);
        literals.sort_unstable();
        let broken_up = literals.iter().map(|literal| break_up(literal)).collect();
        let literals = AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostLongest)
            .build(&literals)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { inner, literals, broken_up, special, unknown, end })
    }

    /// The number of tokens.
    pub(super) fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Encodes a prompt. Nothing in the text can become a control token.
    pub(super) fn encode(&self, text: &str) -> Result<Encoded, LoadError> {
        let text = self.literals.replace_all(text, &self.broken_up);
        let encoding = self
            .inner
            .encode(&*text, false)
            .map_err(|error| LoadError::Tokenizer { reason: error.to_string() })?;
        let mut ids = encoding.get_ids().to_vec();
        let mut lost = 0;
        for (id, (from, to)) in ids.iter_mut().zip(encoding.get_offsets()) {
            if Some(*id) != self.unknown {
                if !self.special.contains(id) {
                    continue;
                }
                // A vocabulary without an unknown token has padding at zero, by convention.
                *id = self.unknown.unwrap_or_default();
            }
            lost += text.get(*from..*to).map_or(1, visible);
        }
        ids.push(self.end);
        Ok(Encoded { ids, unk_ratio: ratio(lost, visible(&text)) })
    }

    /// The text of an answer, without control tokens.
    pub(super) fn decode(&self, ids: &[u32]) -> String {
        // The library's decoders cannot fail for any sequence of ids; unknown ids are left out.
        self.inner.decode(ids, true).unwrap_or_default()
    }

    /// Whether this token leaves no trace in a decoded text.
    pub(super) fn is_silent(&self, id: u32) -> bool {
        self.special.contains(&id) || self.inner.id_to_token(id).is_none()
    }

    /// Whether this token stands for a single byte of a character, such as `<0xE4>`.
    pub(super) fn is_byte(&self, id: u32) -> bool {
        self.inner.id_to_token(id).is_some_and(|token| {
            token.len() == 6 && token.starts_with("<0x") && token.ends_with('>')
        })
    }

    /// What a token adds to a text, in bytes; `None` for control tokens and ids without a token.
    pub(super) fn written(&self, id: u32) -> Option<Vec<u8>> {
        if self.is_silent(id) || self.unknown == Some(id) {
            return None;
        }
        let token = self.inner.id_to_token(id)?;
        if self.is_byte(id) {
            return u8::from_str_radix(token.get(3..5)?, 16).ok().map(|byte| vec![byte]);
        }
        Some(token.replace('▁', " ").into_bytes())
    }

    /// A token as the vocabulary spells it.
    pub(super) fn spelling(&self, id: u32) -> String {
        self.inner.id_to_token(id).unwrap_or_default()
    }

    /// Whether the space that a first word begins with is not part of the text.
    pub(super) fn strips_first_space(&self) -> bool {
        let ids = 0..u32::try_from(self.vocabulary()).unwrap_or(u32::MAX);
        let spaced = |id: &u32| {
            let written = self.written(*id).unwrap_or_default();
            written.len() > 1 && written.first() == Some(&b' ')
        };
        ids.into_iter().find(spaced).is_some_and(|id| !self.decode(&[id]).starts_with(' '))
    }

    /// The library's own encoding, end token included: what the golden files hold.
    #[cfg(test)]
    pub(super) fn encode_raw(&self, text: &str) -> Vec<u32> {
        self.inner.encode(text, true).unwrap().get_ids().to_vec()
    }
}

/// Files that people really have and that would quietly read prompts wrongly.
fn refuse_traps(inner: &Inner) -> Result<(), LoadError> {
    if let Some(padding) = inner.get_padding() {
        let to = match padding.strategy {
            tokenizers::PaddingStrategy::Fixed(length) => format!(" to {length} tokens"),
            tokenizers::PaddingStrategy::BatchLongest => String::new(),
        };
        let way = "set `padding` to null in it, or take the file that the model came with";
        return Err(wrong(format!(
            "it stores padding{to}, which would be fed to the model; {way}"
        )));
    }
    if let Some(truncation) = inner.get_truncation() {
        let length = truncation.max_length;
        let way = "set `truncation` to null in it, or take the file that the model came with";
        return Err(wrong(format!("it stores a cut after {length} tokens; {way}")));
    }
    // A vocabulary that spells in bytes loses nothing and may do without.
    let spells = inner.token_to_id("<0xE4>").is_some();
    if inner.get_normalizer().is_none() && !spells {
        let reason = "it has no normalizer, as some versions of transformers 5 save it, so \
                      full-width and composed letters would become unknown; take the file that \
                      the model came with";
        return Err(wrong(reason.to_owned()));
    }
    Ok(())
}

fn wrong(reason: String) -> LoadError {
    LoadError::Tokenizer { reason }
}

/// Writes a control token's literal so that it still reads the same to a person: `< /s>`.
fn break_up(literal: &str) -> String {
    let mut characters = literal.chars();
    characters.next().map_or_else(String::new, |first| format!("{first} {}", characters.as_str()))
}

fn visible(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a share, for comparison")]
fn ratio(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { (part as f32 / whole as f32).min(1.0) }
}

#[cfg(test)]
pub(super) mod tests;

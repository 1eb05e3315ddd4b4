//! A Unigram vocabulary in little memory.
//!
//! The library keeps one as nested hash tables, byte after byte: for T5's 32,100 tokens 21 MB more, a
//! quarter of what flan-t5-small's weights take. Here it is one automaton that finds every token of a
//! text in one pass, and one string of all spellings. Which tokens come out, and with what offsets, is the
//! same; sampling of encodings is left out, because nothing here samples.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokenizers::models::unigram::{UnigramError, UnigramTrainer};
use tokenizers::models::{ModelWrapper, TrainerWrapper};
use tokenizers::{Model, Token};

/// What an unknown character costs beyond the rarest token, as sentencepiece has it.
const UNKNOWN_PENALTY: f64 = 10.0;

/// What turns words into tokens.
pub(super) enum Vocabulary {
    /// T5's kind.
    Unigram(Box<Unigram>),
    /// The library's own models.
    Other(Box<ModelWrapper>),
}

/// Tokens with their scores; text becomes those with the largest sum.
pub(super) struct Unigram {
    /// All tokens, one behind the other, and where each ends.
    spelled: Box<str>,
    ends: Box<[u32]>,
    scores: Box<[f64]>,
    /// Finds tokens; values are ids.
    finder: DoubleArrayAhoCorasick<u32>,
    unknown: Option<u32>,
    unknown_score: f64,
    lost: Lost,
}

/// What becomes of characters that are in no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The unknown token, one for all that stand side by side.
    Unknown,
    /// The tokens of their bytes.
    Bytes,
}

/// The best way to a place of a text.
#[derive(Clone, Copy)]
struct Way {
    score: f64,
    /// Where its last piece begins, and which token that is. No way begins behind its end.
    from: usize,
    id: u32,
}

impl Unigram {
    /// From tokens in the order of their ids. Of equal ones the last counts.
    pub(super) fn new(
        tokens: &[(String, f64)],
        unknown: Option<usize>,
        lost: Lost,
    ) -> tokenizers::Result<Self> {
        if unknown.is_some() && tokens.is_empty() {
            return Err(Box::new(UnigramError::EmptyVocabulary));
        }
        if unknown.is_some_and(|id| id >= tokens.len()) {
            return Err(Box::new(UnigramError::UnkIdNotInVocabulary));
        }
        let (mut spelled, mut ends) = (String::new(), Vec::with_capacity(tokens.len()));
        let mut ids: HashMap<&str, u32> = HashMap::with_capacity(tokens.len());
        for (id, (token, _)) in tokens.iter().enumerate() {
            spelled.push_str(token);
            ends.push(u32::try_from(spelled.len())?);
            if !token.is_empty() {
                ids.insert(token, u32::try_from(id)?);
            }
        }
        let finder = DoubleArrayAhoCorasickBuilder::new()
            .build_with_values(ids)
            .map_err(|error| error.to_string())?;
        let least = tokens.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        Ok(Self {
            spelled: spelled.into(),
            ends: ends.into(),
            scores: tokens.iter().map(|(_, score)| *score).collect(),
            finder,
            unknown: unknown.map(u32::try_from).transpose()?,
            unknown_score: least - UNKNOWN_PENALTY,
            lost,
        })
    }

    fn spelling(&self, id: u32) -> Option<&str> {
        let id = usize::try_from(id).ok()?;
        let at = |end: &u32| usize::try_from(*end).ok();
        let from = id.checked_sub(1).map_or(Some(0), |before| at(self.ends.get(before)?))?;
        self.spelled.get(from..at(self.ends.get(id)?)?)
    }

    fn id(&self, token: &str) -> Option<u32> {
        let whole = |length: usize| length == token.len();
        let mut found = self.finder.find_overlapping_iter(token);
        found.find(|it| whole(it.end() - it.start())).map(|it| it.value())
    }

    fn score(&self, id: u32) -> f64 {
        usize::try_from(id).ok().and_then(|id| self.scores.get(id)).copied().unwrap_or_default()
    }

    /// The best ways to every place of a text: the tokens with the largest sum of scores, of equal sums the one whose last
    /// piece is longest. A character that is no token of its own may always be unknown.
    fn ways(&self, text: &str) -> Result<Vec<Way>, UnigramError> {
        let mut ways = vec![Way { score: 0.0, from: usize::MAX, id: 0 }; text.len() + 1];
        let mut found = self.finder.find_overlapping_iter(text).peekable();
        for (start, character) in text.char_indices() {
            let (end, mut alone) = (start + character.len_utf8(), false);
            let mut best = Way { score: 0.0, from: usize::MAX, id: 0 };
            let mut consider = |from: usize, id: u32, score: f64| {
                let so_far = ways.get(from).map_or(0.0, |way| way.score);
                if best.from == usize::MAX || score + so_far > best.score {
                    best = Way { score: score + so_far, from, id };
                }
            };
            // Matches come by where they end, and of those with one end the longest first.
            while let Some(token) = found.next_if(|token| token.end() <= end) {
                alone |= token.start() == start;
                consider(token.start(), token.value(), self.score(token.value()));
            }
            if !alone {
                let unknown = self.unknown.ok_or(UnigramError::MissingUnkId)?;
                consider(start, unknown, self.unknown_score);
            }
            if let Some(way) = ways.get_mut(end) {
                *way = best;
            }
        }
        Ok(ways)
    }

    /// The pieces of a text. What is unknown side by side is one piece, of no token.
    fn pieces(&self, text: &str) -> Result<Vec<(usize, usize, Option<u32>)>, UnigramError> {
        let ways = self.ways(text)?;
        let (mut end, mut pieces) = (text.len(), Vec::new());
        while let Some(way) = ways.get(end).filter(|way| way.from < end) {
            if Some(way.id) == self.unknown {
                match pieces.last_mut() {
                    Some((from, _, None)) => *from = way.from,
                    _ => pieces.push((way.from, end, None)),
                }
            } else {
                pieces.push((way.from, end, Some(way.id)));
            }
            end = way.from;
        }
        pieces.reverse();
        Ok(pieces)
    }

    /// The tokens of each byte, if that is how it is done and there is one for each.
    fn spelled_out(&self, text: &str, place: (usize, usize)) -> Option<Vec<Token>> {
        if self.lost == Lost::Unknown {
            return None;
        }
        let token = |byte: u8| {
            let spelling = format!("<0x{byte:02X}>");
            Some(Token::new(self.id(&spelling)?, spelling, place))
        };
        text.bytes().map(token).collect()
    }

    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        let mut tokens = Vec::new();
        for (from, end, id) in self.pieces(text)? {
            let piece = text.get(from..end).unwrap_or_default();
            if let Some(id) = id.or_else(|| self.id(piece)) {
                tokens.push(Token::new(id, piece.to_owned(), (from, end)));
                continue;
            }
            if let Some(bytes) = self.spelled_out(piece, (from, end)) {
                tokens.extend(bytes);
                continue;
            }
            let unknown = self.unknown.ok_or(UnigramError::MissingUnkId)?;
            tokens.push(Token::new(unknown, piece.to_owned(), (from, end)));
        }
        Ok(tokens)
    }
}

impl Model for Vocabulary {
    type Trainer = TrainerWrapper;

    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        match self {
            Self::Unigram(unigram) => unigram.tokenize(text),
            Self::Other(model) => model.tokenize(text),
        }
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Unigram(unigram) => unigram.id(token),
            Self::Other(model) => model.token_to_id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Unigram(unigram) => unigram.spelling(id).map(str::to_owned),
            Self::Other(model) => model.id_to_token(id),
        }
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        match self {
            Self::Unigram(unigram) => {
                (0..).map_while(|id| Some((unigram.spelling(id)?.to_owned(), id))).collect()
            }
            Self::Other(model) => model.get_vocab(),
        }
    }

    fn get_vocab_size(&self) -> usize {
        match self {
            Self::Unigram(unigram) => unigram.ends.len(),
            Self::Other(model) => model.get_vocab_size(),
        }
    }

    fn save(&self, folder: &Path, prefix: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        match self {
            Self::Unigram(_) => {
                Err("a tokenizer that was packed for reading is not written".into())
            }
            Self::Other(model) => model.save(folder, prefix),
        }
    }

    fn get_trainer(&self) -> TrainerWrapper {
        match self {
            Self::Unigram(_) => TrainerWrapper::UnigramTrainer(UnigramTrainer::default()),
            Self::Other(model) => model.get_trainer(),
        }
    }
}

/// The `model` of a `tokenizer.json`.
impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        #[derive(Deserialize)]
        struct Told {
            vocab: Vec<(String, f64)>,
            unk_id: Option<usize>,
            #[serde(default)]
            byte_fallback: bool,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let kind: Kind = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        if kind.r#type.as_deref() != Some("Unigram") {
            let model = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
            return Ok(Self::Other(Box::new(model)));
        }
        let Told { vocab, unk_id, byte_fallback } =
            serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        drop(text);
        let lost = if byte_fallback { Lost::Bytes } else { Lost::Unknown };
        let unigram = Unigram::new(&vocab, unk_id, lost).map_err(D::Error::custom)?;
        Ok(Self::Unigram(Box::new(unigram)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::models::unigram::Unigram as Theirs;

    use super::*;

    proptest! {
        /// The library's own answer, for vocabularies full of overlaps, equal scores and repeated tokens.
        #[test]
        fn it_says_what_the_library_says(
            tokens in prop::collection::vec(("[abcäß ]{1,4}", -3_i32..3), 1..40),
            texts in prop::collection::vec("[abcdäßé語 <unk>]{0,20}", 1..8),
            spells_bytes: bool,
        ) {
            let mut list = vec![("<unk>".to_owned(), 0.0)];
            list.extend(tokens.into_iter().map(|(token, score)| (token, f64::from(score) / 2.0)));
            if spells_bytes {
                list.extend((0..=255).map(|byte| (format!("<0x{byte:02X}>"), -9.0)));
            }
            let lost = if spells_bytes { Lost::Bytes } else { Lost::Unknown };
            let ours = Vocabulary::Unigram(Box::new(Unigram::new(&list, Some(0), lost).unwrap()));
            let theirs = Theirs::from(list.clone(), Some(0), spells_bytes).unwrap();
            for text in &texts {
                prop_assert_eq!(ours.tokenize(text).unwrap(), theirs.tokenize(text).unwrap());
                prop_assert_eq!(ours.token_to_id(text), theirs.token_to_id(text));
            }
            for (id, (token, _)) in (0..).zip(&list) {
                prop_assert_eq!(ours.id_to_token(id), theirs.id_to_token(id));
                prop_assert_eq!(ours.token_to_id(token), theirs.token_to_id(token));
            }
            prop_assert_eq!(ours.get_vocab(), theirs.get_vocab());
            prop_assert_eq!(ours.get_vocab_size(), theirs.get_vocab_size());
        }
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let one = [("a".to_owned(), 0.0)];
        assert!(Unigram::new(&[], Some(0), Lost::Unknown).is_err());
        assert!(Unigram::new(&one, Some(1), Lost::Unknown).is_err());
        let without = Unigram::new(&one, None, Lost::Unknown).unwrap();
        assert_eq!(without.tokenize("aa").unwrap().len(), 2);
        assert!(without.tokenize("ab").is_err());
    }
}

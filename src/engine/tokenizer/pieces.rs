//! A tokenizer from its parts, for files that carry the pieces of a sentencepiece model.
//!
//! It is put together as the Hugging Face conversion of T5's tokenizer is: the character map, then
//! single spaces, then words marked by what comes before them.

use tokenizers::AddedToken;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled, Replace, Sequence};
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};

use super::unigram::{Lost, Unigram, Vocabulary};
use super::{Inner, wrong};
use crate::engine::error::LoadError;

/// The parts of a tokenizer.
#[derive(Debug)]
pub(in crate::engine) struct Pieces {
    /// Every token, in the order of ids.
    pub(in crate::engine) list: Vec<Piece>,
    /// The map that normalises characters, as sentencepiece compiles it.
    pub(in crate::engine) characters: Vec<u8>,
    /// Whether a text begins as if a space stood before it.
    pub(in crate::engine) leading_space: bool,
    /// Whether several spaces count as one.
    pub(in crate::engine) single_spaces: bool,
}

/// One token.
#[derive(Debug)]
pub(in crate::engine) struct Piece {
    pub(in crate::engine) text: String,
    pub(in crate::engine) score: f64,
    pub(in crate::engine) kind: PieceKind,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum PieceKind {
    Text,
    Unknown,
    Control,
    Byte,
}

pub(super) fn assemble(parts: Pieces) -> Result<Inner, LoadError> {
    let unknown = parts.list.iter().position(|piece| piece.kind == PieceKind::Unknown);
    let has_bytes = parts.list.iter().any(|piece| piece.kind == PieceKind::Byte);
    let lost = if has_bytes { Lost::Bytes } else { Lost::Unknown };
    let special: Vec<AddedToken> = parts
        .list
        .iter()
        .filter(|piece| matches!(piece.kind, PieceKind::Unknown | PieceKind::Control))
        .map(|piece| AddedToken::from(piece.text.clone(), true))
        .collect();
    let tokens: Vec<(String, f64)> =
        parts.list.into_iter().map(|piece| (piece.text, piece.score)).collect();
    let failed = |error: tokenizers::Error| wrong(error.to_string());
    let model = Unigram::new(&tokens, unknown, lost).map_err(|error| wrong(error.to_string()))?;
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    if !parts.characters.is_empty() {
        let map = Precompiled::from(&parts.characters);
        steps.push(map.map_err(|_| wrong("its character map is damaged".to_owned()))?.into());
    }
    if parts.single_spaces {
        let pattern = tokenizers::normalizers::replace::ReplacePattern::Regex(" {2,}".to_owned());
        steps.push(Replace::new(pattern, " ").map_err(failed)?.into());
    }
    let scheme = if parts.leading_space { PrependScheme::Always } else { PrependScheme::Never };
    let words = Metaspace::new('▁', scheme, true);
    let mut tokenizer = Inner::new(Vocabulary::Unigram(Box::new(model)));
    tokenizer.with_normalizer(Some(Sequence::new(steps))).map_err(failed)?;
    tokenizer.with_pre_tokenizer(Some(words.clone()));
    tokenizer.with_decoder(Some(words));
    tokenizer.add_special_tokens(special).map_err(failed)?;
    Ok(tokenizer)
}

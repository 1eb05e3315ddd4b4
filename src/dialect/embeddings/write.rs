//! Vectors of the local engine as the interface gives them.

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::money::Tokens;

/// How a vector is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// The bytes of 32-bit numbers, least significant first, in base64.
    Base64,
}

/// What a caller wants of the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Wanted {
    /// How they are written.
    encoding_format: Option<Encoding>,
    /// How wide they are.
    dimensions: Option<u64>,
}

impl Wanted {
    /// Reads the wishes of a request's body; an error names the field that cannot be honoured by a
    /// model whose vectors are `width` numbers wide.
    ///
    /// # Errors
    /// A sentence for the caller.
    pub fn of(body: &[u8], width: usize) -> Result<Self, String> {
        let wanted: Self = serde_json::from_slice(body).map_err(|_| {
            "`encoding_format` must be `float` or `base64`, and `dimensions` a whole number"
                .to_owned()
        })?;
        match wanted.dimensions {
            Some(count) if usize::try_from(count) != Ok(width) => Err(format!(
                "`dimensions` must be {width} or left out: the model knows no other width"
            )),
            _ => Ok(wanted),
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    usage: Used,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    index: usize,
    embedding: Written<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Numbers(&'a [f32]),
    Text(String),
}

#[derive(Serialize)]
struct Used {
    prompt_tokens: u32,
    total_tokens: u32,
}

/// The whole answer: one vector for each text, in their order.
pub fn vectors(model: &str, vectors: &[Vec<f32>], wanted: Wanted, input: Tokens) -> Vec<u8> {
    let written = |vector: &'_ [f32]| match wanted.encoding_format.unwrap_or_default() {
        Encoding::Float => None,
        Encoding::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Some(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
    };
    let data = vectors.iter().enumerate().map(|(index, vector)| Entry {
        object: "embedding",
        index,
        embedding: written(vector).map_or(Written::Numbers(vector), Written::Text),
    });
    let list = List {
        object: "list",
        data: data.collect(),
        model,
        usage: Used { prompt_tokens: input.0, total_tokens: input.0 },
    };
    // Numbers and texts can always be written.
    serde_json::to_vec(&list).unwrap_or_default()
}

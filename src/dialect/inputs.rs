//! What is asked in one field: a text, a list of texts, or tokens in their place (`prompt` of
//! completions, `input` of embeddings).

use super::collect::Collector;
use super::walk::{Scalar, Step};
use crate::chat::Role;

/// Most texts of one request.
const TEXTS_MAX: usize = 2_048;

/// What the field held so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inputs {
    /// Whether tokens stand where a text could: nobody here can read them.
    pub(super) has_tokens: bool,
}

impl Inputs {
    /// Takes a value if it stands in the field `name`, and gives it back if not. Every text is a
    /// turn of its own.
    pub(super) fn take<'de>(
        &mut self,
        common: &mut Collector<'de>,
        (name, path): (&str, &[Step<'de>]),
        value: Scalar<'de>,
    ) -> Result<Option<Scalar<'de>>, String> {
        let (field, index) = match path {
            [field] => (field, 0),
            [field, Step::Index(index)] | [field, Step::Index(index), Step::Index(_)] => {
                (field, *index)
            }
            _ => return Ok(Some(value)),
        };
        if field.key() != name {
            return Ok(Some(value));
        }
        match (value, path.len()) {
            (Scalar::Text(text), 1 | 2) => {
                turn(common, path, index)?;
                common.say(path, index, text);
            }
            (Scalar::Unsigned(number), depth @ (2 | 3)) => {
                self.has_tokens = true;
                common.read.has_unreadable = true;
                turn(common, path, if depth == 2 { 0 } else { index })?;
                common.whole(path, number, number.to_string());
            }
            // Absent, as far as anybody is concerned; what needs it says so.
            (Scalar::Null, 1) => {}
            _ => {
                return common
                    .refuse(path, "must be a text, a list of texts, or tokens")
                    .map(|()| None);
            }
        }
        Ok(None)
    }
}

fn turn<'de>(common: &mut Collector<'de>, path: &[Step<'de>], index: usize) -> Result<(), String> {
    if index >= TEXTS_MAX {
        return common.refuse(path, "has more than 2048 entries");
    }
    if let Some(turn) = common.turn(index) {
        turn.role = Some(Role::User);
    }
    Ok(())
}

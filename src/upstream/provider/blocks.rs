//! What Anthropic's messages and Amazon's Converse write alike: a system and turns, all made of blocks.

use crate::chat::Role;
use crate::chat::talk::{Part, Talk};
use crate::dialect::json::Out;
use crate::dialect::translate::{Untranslatable, no};

/// The schema of a tool that was declared without one.
pub(super) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// The instructions and the turns, each part as `block` writes it.
///
/// # Errors
/// Those of `block`.
pub(super) fn conversation(
    talk: &Talk<'_>,
    out: &mut Out,
    block: impl Fn(&Part<'_>, &Talk<'_>, &mut Out) -> Result<(), Untranslatable>,
) -> Result<(), Untranslatable> {
    let mut system = talk.instructions().peekable();
    if system.peek().is_some() {
        out.key("system").open_list();
        for part in system {
            block(part, talk, out)?;
        }
        out.close_list();
    }
    out.key("messages").open_list();
    for (role, parts) in talk.alternating() {
        out.open();
        out.put("role", if role == Role::Assistant { "assistant" } else { "user" });
        out.key("content").open_list();
        for part in parts {
            block(part, talk, out)?;
        }
        out.close_list();
        out.close();
    }
    out.close_list();
    Ok(())
}

/// The temperature, which ends at 1 there.
///
/// # Errors
/// It is higher.
pub(super) fn temperature(talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    let Some(given) = &talk.temperature else { return Ok(()) };
    if given.value > 1.0 {
        let problem = "is above 1, which the interface of the target does not know";
        return Err(no(given.name, problem));
    }
    out.key("temperature").real(given.value);
    Ok(())
}

//! A conversation as a messages request.

use crate::chat::talk::{ANSWER_TOOL, Choosing, Format, Given, Kind, Media, Part, Talk, Tool};
use crate::dialect::json::{Out, object};
use crate::dialect::translate::{UNKNOWN, Untranslatable, no, no_setting};
use crate::money::Tokens;
use crate::upstream::provider::Written;
use crate::upstream::provider::blocks::{NO_ARGUMENTS, conversation, temperature};
use crate::upstream::provider::chat::write::answer_tool;
use crate::upstream::provider::ids::Ids;

/// Models from before answers could be held to a schema, by how their names begin.
const WITHOUT_SCHEMAS: &[&str] = &[
    "claude-2",
    "claude-instant",
    "claude-3",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2025",
    "claude-opus-4-0",
    "claude-opus-4-2025",
];

pub(super) fn written(
    talk: &Talk<'_>,
    model: &str,
    output_max: Tokens,
) -> Result<Written, Untranslatable> {
    no_setting(talk.seed.as_ref())?;
    no_setting(talk.presence_penalty.as_ref())?;
    no_setting(talk.frequency_penalty.as_ref())?;
    let mut out = Out::with_capacity(1024);
    out.open();
    out.put("model", model);
    out.count("max_tokens", talk.output_max.unwrap_or(output_max));
    conversation(talk, &mut out, block)?;
    sampling(talk, &mut out)?;
    if let Some(user) = &talk.user {
        out.key("metadata").open();
        out.put("user_id", user);
        out.close();
    }
    if talk.streams {
        out.key("stream").truth(true);
    }
    let is_wrapped = talk.format.as_ref().is_some_and(|given| {
        matches!(given.value, Format::Object)
            || WITHOUT_SCHEMAS.iter().any(|name| model.starts_with(name))
    });
    match &talk.format {
        Some(given) if is_wrapped => wrapped(talk, given, &mut out)?,
        format => {
            tools(talk, &mut out);
            if let Some(Given { value: Format::Schema { schema, .. }, .. }) = format {
                out.key("output_config").open();
                out.key("format").open();
                out.put("type", "json_schema");
                out.key("schema").raw(schema);
                out.close();
                out.close();
            }
        }
    }
    out.close();
    Ok(Written { body: out.into_bytes().into(), is_wrapped })
}

fn sampling(talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    temperature(talk, out)?;
    if let Some(given) = &talk.top_p {
        out.key("top_p").real(given.value);
    }
    if let Some(given) = &talk.top_k {
        out.count("top_k", given.value);
    }
    if let Some(given) = &talk.stop {
        out.texts("stop_sequences", &given.value);
    }
    Ok(())
}

fn block(part: &Part<'_>, talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    out.open();
    match &part.kind {
        Kind::Text(said) => text(said, out),
        Kind::Image(media) => {
            out.put("type", "image");
            source(media, out);
        }
        Kind::File(media, name) => {
            out.put("type", "document");
            source(media, out);
            if let Some(name) = name {
                out.put("title", name);
            }
        }
        Kind::Audio(_) => return Err(no(talk.place(part), UNKNOWN)),
        Kind::Call(call) => {
            out.put("type", "tool_use");
            out.put("id", &Ids::Words.shown(&call.id));
            out.put("name", &call.name);
            out.key("input").raw(object(&call.arguments).unwrap_or("{}"));
        }
        Kind::Answer(answer) => {
            out.put("type", "tool_result");
            out.put("tool_use_id", &Ids::Words.shown(&answer.id));
            out.key("content").open_list();
            for said in &answer.texts {
                out.open();
                text(said, out);
                out.close();
            }
            out.close_list();
            if answer.is_error {
                out.key("is_error").truth(true);
            }
        }
    }
    out.close();
    Ok(())
}

fn text(text: &str, out: &mut Out) {
    out.put("type", "text");
    out.put("text", text);
}

fn source(media: &Media<'_>, out: &mut Out) {
    out.key("source").open();
    match media {
        Media::At(url) => {
            out.put("type", "url");
            out.put("url", url);
        }
        Media::Here { media_type, data } => {
            out.put("type", "base64");
            out.put("media_type", media_type);
            out.put("data", data);
        }
    }
    out.close();
}

fn tools(talk: &Talk<'_>, out: &mut Out) {
    if !talk.tools.is_empty() {
        out.key("tools").open_list();
        talk.tools.iter().for_each(|it| tool(it, out));
        out.close_list();
    }
    let is_one = talk.calls_one.is_some();
    let auto = is_one.then_some(&Choosing::Auto);
    let Some(choice) = talk.choice.as_ref().or(auto) else { return };
    out.key("tool_choice").open();
    match choice {
        Choosing::Auto => out.put("type", "auto"),
        Choosing::Never => out.put("type", "none"),
        Choosing::Any => out.put("type", "any"),
        Choosing::One(name) => {
            out.put("type", "tool");
            out.put("name", name);
        }
    }
    if is_one && *choice != Choosing::Never {
        out.key("disable_parallel_tool_use").truth(true);
    }
    out.close();
}

fn tool(tool: &Tool<'_>, out: &mut Out) {
    out.open();
    out.put("name", &tool.name);
    if let Some(description) = &tool.description {
        out.put("description", description);
    }
    out.key("input_schema").raw(tool.schema.as_deref().unwrap_or(NO_ARGUMENTS));
    if let Some(strict) = tool.strict {
        out.key("strict").truth(strict);
    }
    out.close();
}

/// The answer as the arguments of a tool that must be called.
fn wrapped(
    talk: &Talk<'_>,
    given: &Given<Format<'_>>,
    out: &mut Out,
) -> Result<(), Untranslatable> {
    let answer = answer_tool(talk, given)?;
    out.key("tools").open_list();
    tool(&answer, out);
    out.close_list();
    out.key("tool_choice").open();
    out.put("type", "tool");
    out.put("name", ANSWER_TOOL);
    out.close();
    Ok(())
}

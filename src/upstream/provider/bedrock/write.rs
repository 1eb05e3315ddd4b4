//! A conversation as a request to converse.

use crate::chat::talk::{ANSWER_TOOL, Choosing, Format, Given, Kind, Media, Part, Talk, Tool};
use crate::dialect::json::{Out, object};
use crate::dialect::translate::{UNKNOWN, Untranslatable, no, no_setting};
use crate::money::Tokens;
use crate::upstream::provider::Written;
use crate::upstream::provider::blocks::{NO_ARGUMENTS, conversation, temperature};
use crate::upstream::provider::chat::write::answer_tool;
use crate::upstream::provider::ids::Ids;

/// Models that cannot be held to a schema, by what is in their names.
const WITHOUT_SCHEMAS: &[&str] = &[
    "claude-v2",
    "claude-instant",
    "claude-3",
    "claude-sonnet-4-2025",
    "claude-opus-4-2025",
    "amazon.",
    "meta.",
    "cohere.",
    "ai21.",
];
const ADDRESS: &str = "holds an address; the target takes the data itself";

pub(super) fn written(
    talk: &Talk<'_>,
    model: &str,
    output_max: Tokens,
) -> Result<Written, Untranslatable> {
    no_setting(talk.top_k.as_ref())?;
    no_setting(talk.seed.as_ref())?;
    no_setting(talk.presence_penalty.as_ref())?;
    no_setting(talk.frequency_penalty.as_ref())?;
    no_setting(talk.calls_one.as_ref())?;
    let mut out = Out::with_capacity(1024);
    out.open();
    conversation(talk, &mut out, block)?;
    inference(talk, output_max, &mut out)?;
    let is_wrapped = talk.format.as_ref().is_some_and(|given| {
        matches!(given.value, Format::Object)
            || WITHOUT_SCHEMAS.iter().any(|name| model.contains(name))
    });
    match &talk.format {
        Some(given) if is_wrapped => wrapped(talk, given, &mut out)?,
        format => {
            tools(talk, &mut out)?;
            if let Some(given) = format {
                text_format(&given.value, &mut out);
            }
        }
    }
    out.close();
    Ok(Written { body: out.into_bytes().into(), is_wrapped })
}

fn inference(talk: &Talk<'_>, output_max: Tokens, out: &mut Out) -> Result<(), Untranslatable> {
    out.key("inferenceConfig").open();
    out.count("maxTokens", talk.output_max.unwrap_or(output_max));
    temperature(talk, out)?;
    if let Some(given) = &talk.top_p {
        out.key("topP").real(given.value);
    }
    if let Some(given) = &talk.stop {
        out.texts("stopSequences", &given.value);
    }
    out.close();
    Ok(())
}

fn block(part: &Part<'_>, talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    let refused = |problem| no(talk.place(part), problem);
    out.open();
    match &part.kind {
        Kind::Text(text) => out.put("text", text),
        Kind::Image(media) => {
            let Media::Here { media_type, data } = media else { return Err(refused(ADDRESS)) };
            let format =
                media_type.strip_prefix("image/").map(|it| if it == "jpg" { "jpeg" } else { it });
            let known = format.filter(|it| ["png", "jpeg", "gif", "webp"].contains(it));
            out.key("image").open();
            out.put(
                "format",
                known.ok_or_else(|| refused("is of a kind that the target cannot see"))?,
            );
            bytes(data, out);
            out.close();
        }
        Kind::File(media, name) => {
            let Media::Here { media_type, data } = media else { return Err(refused(ADDRESS)) };
            let format = document(media_type);
            out.key("document").open();
            out.put(
                "format",
                format.ok_or_else(|| refused("is of a kind that the target cannot read"))?,
            );
            out.put("name", &plain(name.as_deref().unwrap_or("document")));
            bytes(data, out);
            out.close();
        }
        Kind::Audio(_) => return Err(refused(UNKNOWN)),
        Kind::Call(call) => {
            out.key("toolUse").open();
            out.put("toolUseId", &Ids::Words.shown(&call.id));
            out.put("name", &call.name);
            out.key("input").raw(object(&call.arguments).unwrap_or("{}"));
            out.close();
        }
        Kind::Answer(answer) => {
            out.key("toolResult").open();
            out.put("toolUseId", &Ids::Words.shown(&answer.id));
            out.key("content").open_list();
            for text in &answer.texts {
                out.open();
                out.put("text", text);
                out.close();
            }
            out.close_list();
            if answer.is_error {
                out.put("status", "error");
            }
            out.close();
        }
    }
    out.close();
    Ok(())
}

fn bytes(data: &str, out: &mut Out) {
    out.key("source").open();
    out.put("bytes", data);
    out.close();
}

fn document(media_type: &str) -> Option<&'static str> {
    Some(match media_type {
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "text/html" => "html",
        "text/markdown" => "md",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        _ => return None,
    })
}

/// A name of the characters that names may have there.
fn plain(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || " -()[]".contains(it);
    name.chars().map(|it| if is_plain(it) { it } else { '-' }).collect()
}

fn tools(talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    if talk.tools.is_empty() {
        return Ok(());
    }
    if talk.choice == Some(Choosing::Never) {
        // Tools that may not be called are not offered, unless the conversation needs them.
        let mut parts = talk.turns.iter().flat_map(|turn| &turn.parts);
        let has_calls = parts.any(|part| matches!(part.kind, Kind::Call(_) | Kind::Answer(_)));
        return if has_calls { Err(no("tool_choice", UNKNOWN)) } else { Ok(()) };
    }
    out.key("toolConfig").open();
    out.key("tools").open_list();
    for it in &talk.tools {
        tool(it, out);
    }
    out.close_list();
    if let Some(choice) = &talk.choice {
        out.key("toolChoice").open();
        match choice {
            Choosing::Auto | Choosing::Never => out.key("auto").raw("{}"),
            Choosing::Any => out.key("any").raw("{}"),
            Choosing::One(name) => one(name, out),
        }
        out.close();
    }
    out.close();
    Ok(())
}

fn one(name: &str, out: &mut Out) {
    out.key("tool").open();
    out.put("name", name);
    out.close();
}

fn tool(tool: &Tool<'_>, out: &mut Out) {
    out.open();
    out.key("toolSpec").open();
    out.put("name", &tool.name);
    if let Some(description) = &tool.description {
        out.put("description", description);
    }
    out.key("inputSchema").open();
    out.key("json").raw(tool.schema.as_deref().unwrap_or(NO_ARGUMENTS));
    out.close();
    if let Some(strict) = tool.strict {
        out.key("strict").truth(strict);
    }
    out.close();
    out.close();
}

fn text_format(format: &Format<'_>, out: &mut Out) {
    let Format::Schema { name, description, schema } = format else { return };
    out.key("outputConfig").open();
    out.key("textFormat").open();
    out.put("type", "json_schema");
    out.key("structure").open();
    out.key("jsonSchema").open();
    out.put("schema", schema);
    if let Some(name) = name {
        out.put("name", name);
    }
    if let Some(description) = description {
        out.put("description", description);
    }
    for _ in 0..4 {
        out.close();
    }
}

/// The answer as the arguments of a tool that must be called.
fn wrapped(
    talk: &Talk<'_>,
    given: &Given<Format<'_>>,
    out: &mut Out,
) -> Result<(), Untranslatable> {
    let answer = answer_tool(talk, given)?;
    out.key("toolConfig").open();
    out.key("tools").open_list();
    tool(&answer, out);
    out.close_list();
    out.key("toolChoice").open();
    one(ANSWER_TOOL, out);
    out.close();
    out.close();
    Ok(())
}

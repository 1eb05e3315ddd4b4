//! A conversation as a chat completions request.

use crate::chat::Role;
use crate::chat::talk::{ANSWER_TOOL, Choosing, Format, Given, Kind, Media, Part, Talk, Tool};
use crate::dialect::json::Out;
use crate::dialect::translate::{UNKNOWN, Untranslatable, no};
use crate::money::Tokens;
use crate::upstream::provider::Written;

use super::{Schemas, StreamUsage, Vendor};

/// The schema of an object that can hold anything.
pub(in super::super) const ANY_OBJECT: &str = r#"{"type":"object"}"#;

pub(super) fn written(
    vendor: &Vendor,
    talk: &Talk<'_>,
    (model, output_max): (&str, Tokens),
) -> Result<Written, Untranslatable> {
    let mut out = Out::with_capacity(1024);
    out.open();
    out.put("model", model);
    out.key("messages").open_list();
    for turn in &talk.turns {
        match turn.role {
            Role::System => instructions(&turn.parts, talk, &mut out)?,
            Role::User | Role::Tool => user(&turn.parts, (vendor, talk), &mut out)?,
            Role::Assistant => assistant(&turn.parts, (vendor, talk), &mut out)?,
        }
    }
    out.close_list();
    out.count(vendor.limit, talk.output_max.unwrap_or(output_max));
    for (name, given) in [
        ("temperature", &talk.temperature),
        ("top_p", &talk.top_p),
        ("presence_penalty", &talk.presence_penalty),
        ("frequency_penalty", &talk.frequency_penalty),
    ] {
        if let Some(given) = given {
            out.key(name_at(vendor, name, given.name)?).real(given.value);
        }
    }
    if let Some(given) = &talk.top_k {
        return Err(no(given.name, UNKNOWN));
    }
    if let Some(given) = &talk.seed {
        out.count(name_at(vendor, "seed", given.name)?, given.value);
    }
    stops(talk, &mut out)?;
    if let Some(user) = &talk.user
        && !vendor.omits.contains(&"user")
    {
        out.put(name_at(vendor, "user", "user")?, user);
    }
    if talk.streams {
        out.key("stream").truth(true);
        if vendor.stream_usage == StreamUsage::Asked {
            out.key("stream_options").raw(r#"{"include_usage":true}"#);
        }
    }
    if let Some(given) = &talk.calls_one {
        name_at(vendor, "parallel_tool_calls", given.name)?;
    }
    let is_wrapped = talk.format.as_ref().is_some_and(|given| {
        vendor.schemas == Schemas::ByTool && matches!(given.value, Format::Schema { .. })
    });
    if vendor.schemas == Schemas::Unknown {
        unforced(talk)?;
    }
    match &talk.format {
        Some(given) if is_wrapped => wrapped(talk, given, &mut out)?,
        format => {
            tools(talk, &mut out);
            if let Some(given) = format {
                response_format(&given.value, &mut out);
            }
        }
    }
    out.close();
    Ok(Written { body: out.into_bytes().into(), is_wrapped })
}

/// The vendor's name of a field.
fn name_at(
    vendor: &Vendor,
    name: &'static str,
    asked: &'static str,
) -> Result<&'static str, Untranslatable> {
    if vendor.refuses.contains(&name) {
        return Err(no(asked, super::edit::IGNORED));
    }
    Ok(vendor.renames.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to))
}

fn stops(talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    let Some(Given { name, value }) = &talk.stop else { return Ok(()) };
    if value.len() > 4 {
        return Err(no(*name, "has more than four entries, which the target refuses"));
    }
    out.texts("stop", value);
    Ok(())
}

fn instructions(parts: &[Part<'_>], talk: &Talk<'_>, out: &mut Out) -> Result<(), Untranslatable> {
    out.open();
    out.put("role", "system");
    content(parts.iter(), talk, out)?;
    out.close();
    Ok(())
}

/// Results of tools are messages of their own here and go first.
fn user(
    parts: &[Part<'_>],
    (vendor, talk): (&Vendor, &Talk<'_>),
    out: &mut Out,
) -> Result<(), Untranslatable> {
    for part in parts {
        if let Kind::Answer(answer) = &part.kind {
            out.open();
            out.put("role", "tool");
            out.put("tool_call_id", &vendor.ids.shown(&answer.id));
            match &*answer.texts {
                [] => out.put("content", ""),
                [only] => out.put("content", only),
                texts => {
                    out.key("content").open_list();
                    for text in texts {
                        text_part(text, out);
                    }
                    out.close_list();
                }
            }
            out.close();
        }
    }
    let is_said = |part: &&Part<'_>| !matches!(part.kind, Kind::Answer(_));
    if parts.iter().any(|part| is_said(&part)) {
        out.open();
        out.put("role", "user");
        content(parts.iter().filter(is_said), talk, out)?;
        out.close();
    }
    Ok(())
}

fn assistant(
    parts: &[Part<'_>],
    (vendor, talk): (&Vendor, &Talk<'_>),
    out: &mut Out,
) -> Result<(), Untranslatable> {
    out.open();
    out.put("role", "assistant");
    let is_call = |part: &&Part<'_>| matches!(part.kind, Kind::Call(_));
    if parts.iter().all(|part| is_call(&part)) {
        out.key("content").raw("null");
    } else {
        content(parts.iter().filter(|part| !is_call(part)), talk, out)?;
    }
    if parts.iter().any(|part| is_call(&part)) {
        out.key("tool_calls").open_list();
        for part in parts {
            let Kind::Call(call) = &part.kind else { continue };
            out.open();
            out.put("id", &vendor.ids.shown(&call.id));
            out.put("type", "function");
            out.key("function").open();
            out.put("name", &call.name);
            out.put("arguments", &call.arguments);
            out.close();
            out.close();
        }
        out.close_list();
    }
    out.close();
    Ok(())
}

/// A single text is the text itself: every server understands that.
fn content<'a, 'p: 'a>(
    parts: impl Iterator<Item = &'a Part<'p>> + Clone,
    talk: &Talk<'_>,
    out: &mut Out,
) -> Result<(), Untranslatable> {
    let mut two = parts.clone();
    if let (Some(Part { kind: Kind::Text(text), .. }), None) = (two.next(), two.next()) {
        out.put("content", text);
        return Ok(());
    }
    out.key("content").open_list();
    for part in parts {
        match &part.kind {
            Kind::Text(text) => text_part(text, out),
            Kind::Image(media) => {
                out.open();
                out.put("type", "image_url");
                out.key("image_url").open();
                out.put("url", &address(media));
                out.close();
                out.close();
            }
            Kind::File(media @ Media::Here { .. }, name) => {
                out.open();
                out.put("type", "file");
                out.key("file").open();
                out.put("filename", name.as_deref().unwrap_or("document"));
                out.put("file_data", &address(media));
                out.close();
                out.close();
            }
            Kind::Audio(Media::Here { media_type, data }) => {
                out.open();
                out.put("type", "input_audio");
                out.key("input_audio").open();
                out.put("data", data);
                out.put("format", if media_type.ends_with("mp3") { "mp3" } else { "wav" });
                out.close();
                out.close();
            }
            Kind::File(Media::At(_), _) | Kind::Audio(Media::At(_)) => {
                return Err(no(talk.place(part), "holds an address, which the target refuses"));
            }
            Kind::Call(_) | Kind::Answer(_) => {}
        }
    }
    out.close_list();
    Ok(())
}

fn text_part(text: &str, out: &mut Out) {
    out.open();
    out.put("type", "text");
    out.put("text", text);
    out.close();
}

fn address(media: &Media<'_>) -> String {
    match media {
        Media::At(url) => url.to_string(),
        Media::Here { media_type, data } => format!("data:{media_type};base64,{data}"),
    }
}

fn tools(talk: &Talk<'_>, out: &mut Out) {
    if !talk.tools.is_empty() {
        out.key("tools").open_list();
        talk.tools.iter().for_each(|it| tool(it, out));
        out.close_list();
    }
    if let Some(choice) = &talk.choice {
        match choice {
            Choosing::Auto => out.put("tool_choice", "auto"),
            Choosing::Never => out.put("tool_choice", "none"),
            Choosing::Any => out.put("tool_choice", "required"),
            Choosing::One(name) => one(name, out),
        }
    }
    if talk.calls_one.is_some() {
        out.key("parallel_tool_calls").truth(false);
    }
}

fn one(name: &str, out: &mut Out) {
    out.key("tool_choice").open();
    out.put("type", "function");
    out.key("function").open();
    out.put("name", name);
    out.close();
    out.close();
}

fn tool(tool: &Tool<'_>, out: &mut Out) {
    out.open();
    out.put("type", "function");
    out.key("function").open();
    out.put("name", &tool.name);
    if let Some(description) = &tool.description {
        out.put("description", description);
    }
    if let Some(schema) = &tool.schema {
        out.key("parameters").raw(schema);
    }
    if let Some(strict) = tool.strict {
        out.key("strict").truth(strict);
    }
    out.close();
    out.close();
}

fn response_format(format: &Format<'_>, out: &mut Out) {
    out.key("response_format").open();
    match format {
        Format::Object => out.put("type", "json_object"),
        Format::Schema { name, description, schema } => {
            out.put("type", "json_schema");
            out.key("json_schema").open();
            out.put("name", name.as_deref().unwrap_or("answer"));
            if let Some(description) = description {
                out.put("description", description);
            }
            out.key("schema").raw(schema);
            out.key("strict").truth(true);
            out.close();
        }
    }
    out.close();
}

/// Neither schemas nor the duty to call a tool are known there.
fn unforced(talk: &Talk<'_>) -> Result<(), Untranslatable> {
    match (&talk.format, &talk.choice) {
        (Some(Given { name, value: Format::Schema { .. } }), _) => Err(no(*name, UNKNOWN)),
        (_, Some(Choosing::Any | Choosing::One(_))) => Err(no("tool_choice", UNKNOWN)),
        _ => Ok(()),
    }
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
    one(ANSWER_TOOL, out);
    Ok(())
}

/// The tool whose arguments are the answer.
///
/// # Errors
/// The caller offers tools, of which the model could then call none.
pub(in super::super) fn answer_tool<'a>(
    talk: &Talk<'_>,
    given: &Given<Format<'a>>,
) -> Result<Tool<'a>, Untranslatable> {
    if !talk.tools.is_empty() {
        return Err(no(given.name, "cannot be had together with tools at the target"));
    }
    let (description, schema) = match &given.value {
        Format::Object => (None, ANY_OBJECT.to_owned()),
        Format::Schema { description, schema, .. } => (description.clone(), schema.clone()),
    };
    let description = description.unwrap_or("Gives the answer.".into());
    let schema = Some(schema);
    Ok(Tool { name: ANSWER_TOOL.into(), description: Some(description), schema, strict: None })
}

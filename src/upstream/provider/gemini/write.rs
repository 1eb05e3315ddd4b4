//! A conversation as a request to generate content.

use crate::chat::Role;
use crate::chat::talk::{Choosing, Format, Kind, Media, Part, Talk, Tool};
use crate::dialect::json::{Out, object};
use crate::dialect::translate::{Untranslatable, no, no_setting};
use crate::money::Tokens;
use crate::upstream::provider::Written;

/// Models that want to see a signature with every call, and what the vendor says to write where a
/// call is not its own.
const WITH_SIGNATURES: &str = "gemini-3";
const NO_SIGNATURE: &str = "skip_thought_signature_validator";
const STOPS_MAX: usize = 5;

pub(super) fn written(
    talk: &Talk<'_>,
    model: &str,
    output_max: Tokens,
) -> Result<Written, Untranslatable> {
    no_setting(talk.calls_one.as_ref())?;
    let mut out = Out::with_capacity(1024);
    out.open();
    let mut system = talk.instructions().peekable();
    if system.peek().is_some() {
        out.key("systemInstruction").open();
        out.key("parts").open_list();
        let mut names = Vec::new();
        for part in system {
            one(part, talk, (model, &mut names), &mut out)?;
        }
        out.close_list();
        out.close();
    }
    contents(talk, model, &mut out)?;
    tools(talk, &mut out);
    generation(talk, output_max, &mut out)?;
    out.close();
    Ok(Written { body: out.into_bytes().into(), is_wrapped: false })
}

fn contents(talk: &Talk<'_>, model: &str, out: &mut Out) -> Result<(), Untranslatable> {
    let turns = talk.alternating();
    let mut names = Vec::new();
    out.key("contents").open_list();
    for (role, parts) in &turns {
        if parts.is_empty() {
            continue;
        }
        out.open();
        out.put("role", if *role == Role::Assistant { "model" } else { "user" });
        out.key("parts").open_list();
        for part in parts {
            one(part, talk, (model, &mut names), out)?;
        }
        out.close_list();
        out.close();
    }
    out.close_list();
    Ok(())
}

/// A part. `names` are the calls so far: a result names the tool, not only the call.
fn one<'a>(
    part: &'a Part<'_>,
    talk: &Talk<'_>,
    (model, names): (&str, &mut Vec<(&'a str, &'a str)>),
    out: &mut Out,
) -> Result<(), Untranslatable> {
    out.open();
    match &part.kind {
        Kind::Text(text) => out.put("text", text),
        Kind::Image(media) | Kind::File(media, _) | Kind::Audio(media) => {
            let Media::Here { media_type, data } = media else {
                let problem = "holds an address; the target takes the data itself";
                return Err(no(talk.place(part), problem));
            };
            out.key("inlineData").open();
            out.put("mimeType", media_type);
            out.put("data", data);
            out.close();
        }
        Kind::Call(call) => {
            names.push((&call.id, &call.name));
            out.key("functionCall").open();
            out.put("name", &call.name);
            out.key("args").raw(object(&call.arguments).unwrap_or("{}"));
            out.close();
            let unsigned = model.starts_with(WITH_SIGNATURES).then_some(NO_SIGNATURE);
            if let Some(signature) = call.signature.as_deref().or(unsigned) {
                out.put("thoughtSignature", signature);
            }
        }
        Kind::Answer(answer) => {
            let known = names.iter().rev().find(|(id, _)| *id == answer.id);
            let Some((_, name)) = known else {
                return Err(no(talk.place(part), "answers a call that was not made"));
            };
            out.key("functionResponse").open();
            out.put("name", name);
            out.key("response").open();
            let key = if answer.is_error { "error" } else { "output" };
            out.put(key, &answer.texts.join("\n"));
            out.close();
            out.close();
        }
    }
    out.close();
    Ok(())
}

fn tools(talk: &Talk<'_>, out: &mut Out) {
    if talk.tools.is_empty() {
        return;
    }
    out.key("tools").open_list();
    out.open();
    out.key("functionDeclarations").open_list();
    for tool in &talk.tools {
        declared(tool, out);
    }
    out.close_list();
    out.close();
    out.close_list();
    // Calls follow their schemas if one must be made; otherwise that is asked for.
    let is_strict = talk.tools.iter().any(|tool| tool.strict == Some(true));
    let mode = match &talk.choice {
        None | Some(Choosing::Auto) if is_strict => "VALIDATED",
        None => return,
        Some(Choosing::Auto) => "AUTO",
        Some(Choosing::Never) => "NONE",
        Some(Choosing::Any | Choosing::One(_)) => "ANY",
    };
    out.key("toolConfig").open();
    out.key("functionCallingConfig").open();
    out.put("mode", mode);
    if let Some(Choosing::One(name)) = &talk.choice {
        out.texts("allowedFunctionNames", [name]);
    }
    out.close();
    out.close();
}

fn declared(tool: &Tool<'_>, out: &mut Out) {
    out.open();
    out.put("name", &tool.name);
    if let Some(description) = &tool.description {
        out.put("description", description);
    }
    if let Some(schema) = &tool.schema {
        out.key("parametersJsonSchema").raw(schema);
    }
    out.close();
}

fn generation(talk: &Talk<'_>, output_max: Tokens, out: &mut Out) -> Result<(), Untranslatable> {
    out.key("generationConfig").open();
    out.count("maxOutputTokens", talk.output_max.unwrap_or(output_max));
    for (name, given) in [
        ("temperature", &talk.temperature),
        ("topP", &talk.top_p),
        ("presencePenalty", &talk.presence_penalty),
        ("frequencyPenalty", &talk.frequency_penalty),
    ] {
        if let Some(given) = given {
            out.key(name).real(given.value);
        }
    }
    if let Some(given) = &talk.top_k {
        out.count("topK", given.value);
    }
    if let Some(given) = &talk.seed {
        out.count("seed", given.value);
    }
    if let Some(given) = &talk.stop {
        if given.value.len() > STOPS_MAX {
            let problem = "has more than five entries, which the target refuses";
            return Err(no(given.name, problem));
        }
        out.texts("stopSequences", &given.value);
    }
    if let Some(given) = &talk.format {
        out.put("responseMimeType", "application/json");
        if let Format::Schema { schema, .. } = &given.value {
            out.key("responseJsonSchema").raw(schema);
        }
    }
    out.close();
    Ok(())
}

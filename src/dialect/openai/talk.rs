//! A chat completions request as a conversation that any vendor can be asked to continue.

use std::borrow::Cow;

use crate::chat::Role;
use crate::chat::talk::{Call, Choosing, Format, Given, Kind, Media, Part, Talk, Tool, ToolAnswer};
use crate::dialect::json::{self, Json};
use crate::dialect::translate::{Fields, MALFORMED, UNKNOWN, Untranslatable, data_url, no};
use crate::money::Tokens;

pub(super) fn read(body: &[u8]) -> Result<Talk<'_>, Untranslatable> {
    let top = Json::read(body).ok_or_else(|| no("body", MALFORMED))?;
    let mut top = Fields::of(top, "")?;
    let mut talk = Talk { list: "messages", ..Talk::default() };
    // The target's own model answers.
    top.take("model");
    for (index, message) in top.list("messages")?.into_iter().enumerate() {
        turn(message, index, &mut talk)?;
    }
    for (index, it) in top.list("tools")?.into_iter().enumerate() {
        talk.tools.push(tool(it, index)?);
    }
    talk.choice = top.take("tool_choice").map(tool_choice).transpose()?;
    let parallel = "parallel_tool_calls";
    let is_one = top.truth(parallel)? == Some(false) && !talk.tools.is_empty();
    talk.calls_one = is_one.then_some(Given { name: parallel, value: () });
    talk.streams = top.truth("stream")? == Some(true);
    talk.temperature = top.real("temperature")?;
    talk.top_p = top.real("top_p")?;
    talk.top_k = top.number("top_k", serde_json::Number::as_u64)?;
    talk.seed = top.number("seed", serde_json::Number::as_i64)?;
    // What says what happens anyway is not said.
    let weighs = |it: &Given<f64>| it.value != 0.0;
    talk.presence_penalty = top.real("presence_penalty")?.filter(weighs);
    talk.frequency_penalty = top.real("frequency_penalty")?.filter(weighs);
    talk.stop = stops(&mut top)?;
    for name in ["max_tokens", "max_completion_tokens"] {
        let given = top.number(name, |it| it.as_u64().and_then(|it| u32::try_from(it).ok()))?;
        talk.output_max = given.map(|it| Tokens(it.value)).or(talk.output_max);
    }
    for name in ["user", "safety_identifier"] {
        talk.user = top.text_if_any(name)?.or(talk.user);
    }
    if let Some(format) = top.take("response_format") {
        let value = response_format(format)?;
        talk.format = value.map(|value| Given { name: "response_format", value });
    }
    top.done_but(is_without_effect)?;
    Ok(talk)
}

/// Fields that say what would happen anyway, or that change no answer.
fn is_without_effect(key: &str, value: &Json<'_>) -> bool {
    match key {
        // Usage is always told; labels and caches are the vendor's own bookkeeping.
        "stream_options" | "metadata" | "prompt_cache_key" | "prompt_cache_retention" => true,
        "n" => value.as_number().and_then(serde_json::Number::as_u64) == Some(1),
        "logprobs" | "store" => value.as_bool() == Some(false),
        "service_tier" => matches!(value.as_text(), Some("auto" | "default")),
        "modalities" => {
            matches!(value, Json::List(items) if items.iter().all(|it| it.as_text() == Some("text")))
        }
        "logit_bias" => matches!(value, Json::Object(entries) if entries.is_empty()),
        _ => false,
    }
}

fn stops<'a>(top: &mut Fields<'a>) -> Result<Option<Given<Vec<Cow<'a, str>>>>, Untranslatable> {
    let texts = match top.take("stop") {
        None => return Ok(None),
        Some(Json::Text(text)) => vec![text],
        Some(Json::List(items)) => {
            let texts =
                items.into_iter().map(|item| item.into_text().ok_or_else(|| no("stop", MALFORMED)));
            texts.collect::<Result<_, _>>()?
        }
        Some(_) => return Err(no("stop", MALFORMED)),
    };
    Ok((!texts.is_empty()).then_some(Given { name: "stop", value: texts }))
}

fn turn<'a>(message: Json<'a>, index: usize, talk: &mut Talk<'a>) -> Result<(), Untranslatable> {
    let mut message = Fields::of(message, format!("messages[{index}]"))?;
    let role = message.text("role")?;
    let content = message.take("content");
    let mut said = match content {
        None => Vec::new(),
        Some(content) => parts(content, index, &message.path("content"))?,
    };
    let part = |kind| Part { turn: Some(index), kind };
    match &*role {
        "system" | "developer" => talk.say(Role::System, said),
        "user" => talk.say(Role::User, said),
        "assistant" => {
            if let Some(refusal) = message.text_if_any("refusal")? {
                said.push(part(Kind::Text(refusal)));
            }
            // Thoughts of earlier answers are of no use to another vendor's model.
            message.take("reasoning_content");
            for (number, it) in message.list("tool_calls")?.into_iter().enumerate() {
                said.push(part(Kind::Call(call(
                    it,
                    &format!("messages[{index}].tool_calls[{number}]"),
                )?)));
            }
            talk.say(Role::Assistant, said);
        }
        "tool" => {
            let id = message.text("tool_call_id")?;
            let mut texts = Vec::with_capacity(said.len());
            for part in said {
                let Kind::Text(text) = part.kind else {
                    return Err(no(message.path("content"), "is not a text"));
                };
                texts.push(text);
            }
            let answer = ToolAnswer { id, texts, is_error: false };
            talk.say(Role::User, [part(Kind::Answer(answer))]);
        }
        _ => return Err(no(message.path("role"), UNKNOWN)),
    }
    message.done()
}

fn parts<'a>(content: Json<'a>, index: usize, at: &str) -> Result<Vec<Part<'a>>, Untranslatable> {
    let part = |kind| Part { turn: Some(index), kind };
    match content {
        // Empty blocks are an error elsewhere.
        Json::Text(text) if text.is_empty() => Ok(Vec::new()),
        Json::Text(text) => Ok(vec![part(Kind::Text(text))]),
        Json::List(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(number, it)| block(it, &format!("{at}[{number}]")).map(part)).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Err(no(at, MALFORMED)),
    }
}

fn block<'a>(part: Json<'a>, at: &str) -> Result<Kind<'a>, Untranslatable> {
    let mut part = Fields::of(part, at)?;
    let kind = part.text("type")?;
    let block = match &*kind {
        "text" => Kind::Text(part.text("text")?),
        "refusal" => Kind::Text(part.text("refusal")?),
        "image_url" => {
            let mut image = part.object("image_url")?;
            let url = image.text("url")?;
            // How closely to look is a hint.
            image.take("detail");
            let at = image.path("url");
            image.done()?;
            Kind::Image(media(url, &at)?)
        }
        "file" => {
            let mut file = part.object("file")?;
            let (name, at) = (file.text_if_any("filename")?, file.path("file_data"));
            let media = media(file.text("file_data")?, &at)?;
            file.done()?;
            Kind::File(media, name)
        }
        "input_audio" => {
            let mut audio = part.object("input_audio")?;
            let (data, format) = (audio.text("data")?, audio.text("format")?);
            audio.done()?;
            let media_type = match &*format {
                "mp3" => Cow::Borrowed("audio/mp3"),
                _ => Cow::Borrowed("audio/wav"),
            };
            Kind::Audio(Media::Here { media_type, data })
        }
        _ => return Err(no(part.path("type"), UNKNOWN)),
    };
    part.done()?;
    Ok(block)
}

/// By its address, or with its bytes inside (`data:image/png;base64,…`).
fn media<'a>(url: Cow<'a, str>, at: &str) -> Result<Media<'a>, Untranslatable> {
    if !url.starts_with("data:") {
        return Ok(Media::At(url));
    }
    let (media_type, data) = data_url(&url).ok_or_else(|| no(at, MALFORMED))?;
    Ok(Media::Here { media_type, data })
}

fn call<'a>(call: Json<'a>, at: &str) -> Result<Call<'a>, Untranslatable> {
    let mut call = Fields::of(call, at)?;
    let id = call.text("id")?;
    if call.text_if_any("type")?.is_some_and(|it| it != "function") {
        return Err(no(call.path("type"), UNKNOWN));
    }
    // Copies of streamed calls have their number in them.
    call.take("index");
    let signature = match call.take("extra_content") {
        None => None,
        Some(extra) => signature(extra, call.path("extra_content"))?,
    };
    let mut function = call.object("function")?;
    let name = function.text("name")?;
    let arguments = match function.text_if_any("arguments")? {
        Some(text) if !text.trim().is_empty() => text,
        _ => Cow::Borrowed("{}"),
    };
    if json::object(&arguments).is_none() {
        return Err(no(function.path("arguments"), "is not a JSON object"));
    }
    function.done()?;
    call.done()?;
    Ok(Call { id, name, arguments, signature })
}

/// What Google's models want to see again, where Google's own chat completions put it.
fn signature(extra: Json<'_>, at: String) -> Result<Option<Cow<'_, str>>, Untranslatable> {
    let mut extra = Fields::of(extra, at)?;
    let mut google = extra.object("google")?;
    let signature = google.text_if_any("thought_signature")?;
    google.done()?;
    extra.done()?;
    Ok(signature)
}

fn tool(tool: Json<'_>, index: usize) -> Result<Tool<'_>, Untranslatable> {
    let mut tool = Fields::of(tool, format!("tools[{index}]"))?;
    if tool.take("type").is_none_or(|it| it.as_text() != Some("function")) {
        return Err(no(tool.path("type"), UNKNOWN));
    }
    let mut function = tool.object("function")?;
    let out = Tool {
        name: function.text("name")?,
        description: function.text_if_any("description")?,
        schema: function.take("parameters").map(|it| it.written()),
        strict: function.truth("strict")?.filter(|it| *it),
    };
    function.done()?;
    tool.done()?;
    Ok(out)
}

fn tool_choice(choice: Json<'_>) -> Result<Choosing<'_>, Untranslatable> {
    match choice.as_text() {
        Some("auto") => return Ok(Choosing::Auto),
        Some("none") => return Ok(Choosing::Never),
        Some("required") => return Ok(Choosing::Any),
        _ => {}
    }
    let mut choice = Fields::of(choice, "tool_choice")?;
    if choice.take("type").is_none_or(|it| it.as_text() != Some("function")) {
        return Err(no(choice.path("type"), UNKNOWN));
    }
    let mut function = choice.object("function")?;
    let name = function.text("name")?;
    function.done()?;
    choice.done()?;
    Ok(Choosing::One(name))
}

fn response_format(format: Json<'_>) -> Result<Option<Format<'_>>, Untranslatable> {
    let mut format = Fields::of(format, "response_format")?;
    let kind = format.text("type")?;
    let read = match &*kind {
        "text" => None,
        "json_object" => Some(Format::Object),
        "json_schema" => {
            let mut schema = format.object("json_schema")?;
            let written = schema.take("schema").map(|it| it.written());
            let read = Format::Schema {
                name: schema.text_if_any("name")?,
                description: schema.text_if_any("description")?,
                schema: written.ok_or_else(|| no(schema.path("schema"), MALFORMED))?,
            };
            // Whoever can follow a schema does.
            schema.take("strict");
            schema.done()?;
            Some(read)
        }
        _ => return Err(no(format.path("type"), UNKNOWN)),
    };
    format.done()?;
    Ok(read)
}

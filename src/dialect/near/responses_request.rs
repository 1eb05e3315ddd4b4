//! A responses request as a chat completions request.

use serde_json::{Map, Value, json};

use super::super::fields::{Fields, each, is_empty, list};
use super::super::translate::{MALFORMED, UNKNOWN, Untranslatable, no};

/// What only the provider that keeps it can know.
const STORED: &str = "lies at the provider that made it, and the target is another";

pub(super) fn translate(mut top: Map<String, Value>) -> Result<Map<String, Value>, Untranslatable> {
    let mut out = Map::new();
    let mut messages = Vec::new();
    if let Some(text) = top.remove("instructions").filter(|it| !it.is_null()) {
        if !text.is_string() {
            return Err(no("instructions", MALFORMED));
        }
        messages.push(json!({ "role": "system", "content": text }));
    }
    for (key, value) in top {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "model"
            | "temperature"
            | "top_p"
            | "user"
            | "safety_identifier"
            | "prompt_cache_key"
            | "parallel_tool_calls"
            | "service_tier" => {
                out.insert(key, value);
            }
            "stream" => {
                if value == Value::Bool(true) {
                    out.insert("stream_options".to_owned(), json!({ "include_usage": true }));
                }
                out.insert(key, value);
            }
            "max_output_tokens" => {
                out.insert("max_completion_tokens".to_owned(), value);
            }
            "input" => input(value, &mut messages)?,
            "tools" => {
                let tools = each(value, &key, tool)?;
                out.insert(key, tools.into());
            }
            "tool_choice" => {
                let choice = tool_choice(value)?;
                out.insert(key, choice);
            }
            "text" => text(value, &mut out)?,
            "reasoning" => reasoning(value, &mut out)?,
            "include" => include(value, &mut out)?,
            "top_logprobs" => {
                out.insert("logprobs".to_owned(), true.into());
                out.insert(key, value);
            }
            "previous_response_id" | "conversation" | "prompt" => return Err(no(key, STORED)),
            _ if is_without_effect(&key, &value) => {}
            _ => return Err(no(key, UNKNOWN)),
        }
    }
    out.insert("messages".to_owned(), messages.into());
    Ok(out)
}

/// Fields that say what would happen anyway, or that change no answer.
fn is_without_effect(key: &str, value: &Value) -> bool {
    match key {
        // Labels are the vendor's own bookkeeping; padding of events is not asked for here.
        "metadata" | "stream_options" => true,
        "store" | "background" => *value == false,
        "truncation" => value == "disabled",
        _ => is_empty(value),
    }
}

fn input(input: Value, messages: &mut Vec<Value>) -> Result<(), Untranslatable> {
    if input.is_string() {
        messages.push(json!({ "role": "user", "content": input }));
        return Ok(());
    }
    for (index, item) in list(input, "input")?.into_iter().enumerate() {
        let mut item = Fields::of(item, &format!("input[{index}]"))?;
        // How far an item of an earlier answer came, and its name there.
        item.take("status");
        let kind = item.take("type");
        match kind.as_ref().map_or(Some("message"), Value::as_str) {
            Some("message") => {
                item.take("id");
                message(&mut item, messages)?;
            }
            Some("function_call") => {
                item.take("id");
                call(&mut item, messages)?;
            }
            Some("function_call_output") => {
                item.take("id");
                let id = item.text("call_id")?;
                let output = item.take("output").unwrap_or_default();
                let said = texts(output, &item.path("output"))?;
                messages.push(json!({ "role": "tool", "tool_call_id": id, "content": said }));
            }
            // Another vendor's thoughts are of no use to a model.
            Some("reasoning") => continue,
            Some("item_reference") => return Err(no(item.path("type"), STORED)),
            _ => return Err(no(item.path("type"), UNKNOWN)),
        }
        item.done()?;
    }
    Ok(())
}

fn message(item: &mut Fields, messages: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let role = item.text("role")?;
    let role = match role.as_str() {
        "developer" | "system" => "system",
        "user" | "assistant" => role.as_str(),
        _ => return Err(no(item.path("role"), UNKNOWN)),
    };
    let content = item.take("content").unwrap_or_default();
    let at = item.path("content");
    let content = if content.is_string() { content } else { shorter(each(content, &at, part)?) };
    messages.push(json!({ "role": role, "content": content }));
    Ok(())
}

/// A call of a tool belongs to the message of the assistant before it, if there is one.
fn call(item: &mut Fields, messages: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let (id, name) = (item.text("call_id")?, item.text("name")?);
    let arguments = item.take("arguments").unwrap_or_else(|| "{}".into());
    let function = json!({ "name": name, "arguments": arguments });
    let call = json!({ "id": id, "type": "function", "function": function });
    let last = messages.last_mut().and_then(Value::as_object_mut);
    if let Some(last) = last.filter(|last| last.get("role").is_some_and(|it| it == "assistant")) {
        match last.get_mut("tool_calls").and_then(Value::as_array_mut) {
            Some(calls) => calls.push(call),
            None => {
                last.insert("tool_calls".to_owned(), json!([call]));
            }
        }
    } else {
        messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] }));
    }
    Ok(())
}

fn part(part: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut part = Fields::of(part, at)?;
    let kind = part.text("type")?;
    let said = match kind.as_str() {
        "input_text" | "output_text" | "text" => {
            // Where an earlier answer quoted something, and how likely its words were.
            part.take("annotations");
            part.take("logprobs");
            json!({ "type": "text", "text": part.text("text")? })
        }
        "refusal" => json!({ "type": "text", "text": part.text("refusal")? }),
        "input_image" => {
            let url = part.text("image_url")?;
            let mut image = Map::from_iter([("url".to_owned(), Value::from(url))]);
            if let Some(detail) = part.take("detail") {
                image.insert("detail".to_owned(), detail);
            }
            json!({ "type": "image_url", "image_url": image })
        }
        "input_file" => {
            let data = part.text("file_data")?;
            let mut file = Map::from_iter([("file_data".to_owned(), Value::from(data))]);
            if let Some(name) = part.take("filename") {
                file.insert("filename".to_owned(), name);
            }
            json!({ "type": "file", "file": file })
        }
        _ => return Err(no(part.path("type"), UNKNOWN)),
    };
    part.done()?;
    Ok(said)
}

/// A text, or parts that are texts.
fn texts(value: Value, at: &str) -> Result<Value, Untranslatable> {
    if value.is_string() {
        return Ok(value);
    }
    let parts = each(value, at, part)?;
    let other = parts.iter().position(|it| it.get("type").is_none_or(|kind| kind != "text"));
    match other {
        Some(index) => Err(no(format!("{at}[{index}].type"), UNKNOWN)),
        None => Ok(shorter(parts)),
    }
}

/// A single text is the text itself: every server understands that.
fn shorter(mut parts: Vec<Value>) -> Value {
    match parts.as_mut_slice() {
        [only] if only.get("text").is_some() => {
            only.get_mut("text").map(Value::take).unwrap_or_default()
        }
        _ => parts.into(),
    }
}

fn tool(tool: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut tool = Fields::of(tool, at)?;
    // The vendor's own tools (search, files, computers) have other types.
    if tool.take("type").is_none_or(|it| it != "function") {
        return Err(no(tool.path("type"), UNKNOWN));
    }
    let mut function = Map::new();
    function.insert("name".to_owned(), tool.text("name")?.into());
    for key in ["description", "parameters", "strict"] {
        if let Some(value) = tool.take(key) {
            function.insert(key.to_owned(), value);
        }
    }
    tool.done()?;
    Ok(json!({ "type": "function", "function": function }))
}

fn tool_choice(choice: Value) -> Result<Value, Untranslatable> {
    if choice.is_string() {
        return Ok(choice);
    }
    let mut choice = Fields::of(choice, "tool_choice")?;
    if choice.take("type").is_none_or(|it| it != "function") {
        return Err(no(choice.path("type"), UNKNOWN));
    }
    let name = choice.text("name")?;
    choice.done()?;
    Ok(json!({ "type": "function", "function": { "name": name } }))
}

/// What the answer's text must look like.
fn text(value: Value, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut text = Fields::of(value, "text")?;
    if let Some(verbosity) = text.take("verbosity") {
        out.insert("verbosity".to_owned(), verbosity);
    }
    let at = text.path("format");
    if let Some(format) = text.take("format") {
        let mut format = Fields::of(format, &at)?;
        let kind = format.text("type")?;
        match kind.as_str() {
            "text" => {}
            "json_object" => {
                out.insert("response_format".to_owned(), json!({ "type": kind }));
            }
            "json_schema" => {
                let mut schema = Map::new();
                for key in ["name", "description", "schema", "strict"] {
                    if let Some(value) = format.take(key) {
                        schema.insert(key.to_owned(), value);
                    }
                }
                let whole = json!({ "type": kind, "json_schema": schema });
                out.insert("response_format".to_owned(), whole);
            }
            _ => return Err(no(format.path("type"), UNKNOWN)),
        }
        format.done()?;
    }
    text.done()
}

fn reasoning(value: Value, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut reasoning = Fields::of(value, "reasoning")?;
    if let Some(effort) = reasoning.take("effort") {
        out.insert("reasoning_effort".to_owned(), effort);
    }
    // Whether and how thoughts are shown changes no answer.
    reasoning.take("summary");
    reasoning.take("generate_summary");
    reasoning.done()
}

fn include(value: Value, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    for (index, wanted) in list(value, "include")?.into_iter().enumerate() {
        match wanted.as_str() {
            Some("message.output_text.logprobs") => {
                out.insert("logprobs".to_owned(), true.into());
            }
            // There are no such thoughts to be shown.
            Some("reasoning.encrypted_content") => {}
            _ => return Err(no(format!("include[{index}]"), UNKNOWN)),
        }
    }
    Ok(())
}

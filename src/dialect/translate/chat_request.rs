//! A chat completions request as a messages request.

use serde_json::{Map, Value, json};

use super::{Fields, MALFORMED, UNKNOWN, Untranslatable, each, is_empty, list, no};

pub(super) fn translate(body: &[u8]) -> Result<Map<String, Value>, Untranslatable> {
    let Ok(Value::Object(top)) = serde_json::from_slice(body) else {
        return Err(no("body", MALFORMED));
    };
    let mut out = Map::new();
    let mut choice = None;
    let mut is_parallel = true;
    for (key, value) in top {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "temperature" if value.as_f64().is_some_and(|it| it > 1.0) => {
                return Err(no(key, "is above 1, which the interface of the target does not know"));
            }
            "model" | "stream" | "temperature" | "top_p" | "top_k" => {
                out.insert(key, value);
            }
            "max_tokens" | "max_completion_tokens" => {
                out.insert("max_tokens".to_owned(), value);
            }
            "stop" => {
                let stops = if value.is_string() { json!([value]) } else { value };
                out.insert("stop_sequences".to_owned(), stops);
            }
            "messages" => messages(list(value, &key)?, &mut out)?,
            "tools" => {
                let tools = each(value, &key, tool)?;
                out.insert(key, tools.into());
            }
            "tool_choice" => choice = Some(tool_choice(value)?),
            "parallel_tool_calls" => is_parallel = value != Value::Bool(false),
            "user" | "safety_identifier" => {
                out.insert("metadata".to_owned(), json!({ "user_id": value }));
            }
            _ if is_without_effect(&key, &value) => {}
            _ => return Err(no(key, UNKNOWN)),
        }
    }
    if !is_parallel && out.contains_key("tools") {
        let known = choice.get_or_insert_with(|| json!({ "type": "auto" }));
        if let Some(fields) = known.as_object_mut().filter(|it| it["type"] != "none") {
            fields.insert("disable_parallel_tool_use".to_owned(), true.into());
        }
    }
    if let Some(choice) = choice {
        out.insert("tool_choice".to_owned(), choice);
    }
    Ok(out)
}

/// Fields that say what would happen anyway, or that change no answer.
fn is_without_effect(key: &str, value: &Value) -> bool {
    match key {
        // Usage is always told; labels and caches are the vendor's own bookkeeping.
        "stream_options" | "metadata" | "prompt_cache_key" => true,
        "n" => *value == 1,
        "logprobs" | "store" => *value == false,
        "presence_penalty" | "frequency_penalty" => value.as_f64() == Some(0.0),
        "service_tier" => value == "auto" || value == "default",
        "response_format" => value.get("type").is_some_and(|it| it == "text"),
        "modalities" => *value == json!(["text"]),
        "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        _ => is_empty(value),
    }
}

fn messages(list: Vec<Value>, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut system = Vec::new();
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for (index, message) in list.into_iter().enumerate() {
        let at = format!("messages[{index}]");
        let mut message = Fields::of(message, &at)?;
        let role = message.text("role")?;
        let content = message.take("content");
        let said = content.map_or(Ok(Vec::new()), |it| parts(it, &message.path("content")))?;
        match role.as_str() {
            "system" | "developer" => system.extend(said),
            "user" => say(&mut turns, "user", said),
            "assistant" => {
                let mut said = said;
                if let Some(refusal) = message.take("refusal") {
                    said.push(json!({ "type": "text", "text": refusal }));
                }
                if let Some(calls) = message.take("tool_calls") {
                    let at = message.path("tool_calls");
                    said.extend(each(calls, &at, tool_use)?);
                }
                say(&mut turns, "assistant", said);
            }
            "tool" => {
                let id = message.text("tool_call_id")?;
                let result = json!({ "type": "tool_result", "tool_use_id": id, "content": said });
                say(&mut turns, "user", vec![result]);
            }
            _ => return Err(no(message.path("role"), UNKNOWN)),
        }
        message.done()?;
    }
    if !system.is_empty() {
        out.insert("system".to_owned(), system.into());
    }
    let turns = turns.into_iter().map(|(role, said)| json!({ "role": role, "content": said }));
    out.insert("messages".to_owned(), turns.collect());
    Ok(())
}

/// Turns alternate: the results of several calls, and what is said beside them, are one.
fn say(turns: &mut Vec<(&'static str, Vec<Value>)>, role: &'static str, said: Vec<Value>) {
    match turns.last_mut() {
        Some((last, content)) if *last == role => content.extend(said),
        _ => turns.push((role, said)),
    }
}

fn parts(content: Value, at: &str) -> Result<Vec<Value>, Untranslatable> {
    if let Value::String(text) = content {
        // Empty blocks are an error there.
        return Ok(if text.is_empty() {
            Vec::new()
        } else {
            vec![json!({ "type": "text", "text": text })]
        });
    }
    each(content, at, block)
}

fn block(part: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut part = Fields::of(part, at)?;
    let kind = part.text("type")?;
    let block = match kind.as_str() {
        "text" => json!({ "type": "text", "text": part.text("text")? }),
        "refusal" => json!({ "type": "text", "text": part.text("refusal")? }),
        "image_url" => {
            let at = part.path("image_url");
            let image = part.take("image_url").unwrap_or_default();
            let mut image = Fields::of(image, &at)?;
            let url = image.text("url")?;
            // How closely to look is a hint.
            image.take("detail");
            image.done()?;
            json!({ "type": "image", "source": source(&url, &at)? })
        }
        _ => return Err(no(part.path("type"), UNKNOWN)),
    };
    part.done()?;
    Ok(block)
}

/// An image by its address, or with its bytes inside (`data:image/png;base64,…`).
fn source(url: &str, at: &str) -> Result<Value, Untranslatable> {
    let Some(data) = url.strip_prefix("data:") else {
        return Ok(json!({ "type": "url", "url": url }));
    };
    let (media_type, data) =
        data.split_once(";base64,").ok_or_else(|| no(format!("{at}.url"), MALFORMED))?;
    Ok(json!({ "type": "base64", "media_type": media_type, "data": data }))
}

fn tool_use(call: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut call = Fields::of(call, at)?;
    let id = call.text("id")?;
    if call.take("type").is_some_and(|it| it != "function") {
        return Err(no(call.path("type"), UNKNOWN));
    }
    // Copies of streamed calls have their number in them.
    call.take("index");
    let at = call.path("function");
    let mut function = Fields::of(call.take("function").unwrap_or_default(), &at)?;
    let name = function.text("name")?;
    let arguments = function.take("arguments").unwrap_or_default();
    let input = match arguments.as_str().map(str::trim) {
        None | Some("") => json!({}),
        Some(text) => serde_json::from_str::<Map<String, Value>>(text)
            .map_err(|_| no(function.path("arguments"), "is not a JSON object"))?
            .into(),
    };
    function.done()?;
    call.done()?;
    Ok(json!({ "type": "tool_use", "id": id, "name": name, "input": input }))
}

fn tool(tool: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut tool = Fields::of(tool, at)?;
    if tool.take("type").is_none_or(|it| it != "function") {
        return Err(no(tool.path("type"), UNKNOWN));
    }
    let at = tool.path("function");
    let mut function = Fields::of(tool.take("function").unwrap_or_default(), &at)?;
    let mut out = Map::new();
    out.insert("name".to_owned(), function.text("name")?.into());
    if let Some(description) = function.take("description") {
        out.insert("description".to_owned(), description);
    }
    let schema = function.take("parameters");
    let schema = schema.unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    out.insert("input_schema".to_owned(), schema);
    if let Some(strict) = function.take("strict").filter(|it| *it != false) {
        out.insert("strict".to_owned(), strict);
    }
    function.done()?;
    tool.done()?;
    Ok(out.into())
}

fn tool_choice(choice: Value) -> Result<Value, Untranslatable> {
    match choice.as_str() {
        Some("auto") => return Ok(json!({ "type": "auto" })),
        Some("none") => return Ok(json!({ "type": "none" })),
        Some("required") => return Ok(json!({ "type": "any" })),
        _ => {}
    }
    let mut choice = Fields::of(choice, "tool_choice")?;
    if choice.take("type").is_none_or(|it| it != "function") {
        return Err(no(choice.path("type"), UNKNOWN));
    }
    let at = choice.path("function");
    let mut function = Fields::of(choice.take("function").unwrap_or_default(), &at)?;
    let name = function.text("name")?;
    function.done()?;
    choice.done()?;
    Ok(json!({ "type": "tool", "name": name }))
}

//! A messages request as a chat completions request.

use serde_json::{Map, Value, json};

use super::{Fields, MALFORMED, UNKNOWN, Untranslatable, each, is_empty, list, no};

pub(super) fn translate(body: &[u8]) -> Result<Map<String, Value>, Untranslatable> {
    let Ok(Value::Object(mut top)) = serde_json::from_slice(body) else {
        return Err(no("body", MALFORMED));
    };
    let mut out = Map::new();
    let mut turns = Vec::new();
    if let Some(system) = top.remove("system").filter(|it| !it.is_null()) {
        let said = texts(system, "system")?;
        if !is_empty(&said) {
            turns.push(json!({ "role": "system", "content": said }));
        }
    }
    for (key, value) in top {
        if value.is_null() {
            continue;
        }
        match key.as_str() {
            "model" | "temperature" | "top_p" => {
                out.insert(key, value);
            }
            "stream" => {
                if value == Value::Bool(true) {
                    out.insert("stream_options".to_owned(), json!({ "include_usage": true }));
                }
                out.insert(key, value);
            }
            "max_tokens" => {
                out.insert("max_completion_tokens".to_owned(), value);
            }
            "stop_sequences" => {
                if value.as_array().is_some_and(|it| it.len() > 4) {
                    return Err(no(key, "has more than four entries, which the target refuses"));
                }
                if !is_empty(&value) {
                    out.insert("stop".to_owned(), value);
                }
            }
            "messages" => {
                for (index, message) in list(value, &key)?.into_iter().enumerate() {
                    turn(message, &format!("messages[{index}]"), &mut turns)?;
                }
            }
            "tools" => {
                let tools = each(value, &key, tool)?;
                out.insert(key, tools.into());
            }
            "tool_choice" => tool_choice(value, &mut out)?,
            "metadata" => {
                // The caller's other labels are for us.
                if let Some(user) = value.get("user_id").filter(|it| !it.is_null()) {
                    out.insert("user".to_owned(), user.clone());
                }
            }
            "thinking" if value.get("type").is_some_and(|it| it == "disabled") => {}
            "service_tier" if value == "auto" || value == "standard_only" => {}
            _ if is_empty(&value) => {}
            _ => return Err(no(key, UNKNOWN)),
        }
    }
    out.insert("messages".to_owned(), turns.into());
    Ok(out)
}

fn turn(message: Value, at: &str, turns: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let mut message = Fields::of(message, at)?;
    let role = message.text("role")?;
    let content = message.take("content").unwrap_or_default();
    let at = message.path("content");
    match role.as_str() {
        "user" => user(content, &at, turns)?,
        "assistant" => assistant(content, &at, turns)?,
        "system" => turns.push(json!({ "role": "system", "content": texts(content, &at)? })),
        _ => return Err(no(message.path("role"), UNKNOWN)),
    }
    message.done()
}

/// A caller's blocks; results of tools are messages of their own there and go first.
fn user(content: Value, at: &str, turns: &mut Vec<Value>) -> Result<(), Untranslatable> {
    if content.is_string() {
        turns.push(json!({ "role": "user", "content": content }));
        return Ok(());
    }
    let mut said = Vec::new();
    for (index, block) in list(content, at)?.into_iter().enumerate() {
        let mut block = Block::of(block, &format!("{at}[{index}]"))?;
        match block.kind.as_str() {
            "text" => said.push(json!({ "type": "text", "text": block.fields.text("text")? })),
            "image" => {
                let url = image(&mut block.fields)?;
                said.push(json!({ "type": "image_url", "image_url": { "url": url } }));
            }
            "tool_result" => {
                let id = block.fields.text("tool_use_id")?;
                let result = block.fields.take("content");
                let at = block.fields.path("content");
                let result = result.map_or(Ok("".into()), |it| texts(it, &at))?;
                // That a call failed is said by its result.
                block.fields.take("is_error");
                turns.push(json!({ "role": "tool", "tool_call_id": id, "content": result }));
            }
            _ => return Err(no(block.fields.path("type"), UNKNOWN)),
        }
        block.fields.done()?;
    }
    if !said.is_empty() {
        turns.push(json!({ "role": "user", "content": said }));
    }
    Ok(())
}

fn assistant(content: Value, at: &str, turns: &mut Vec<Value>) -> Result<(), Untranslatable> {
    if content.is_string() {
        turns.push(json!({ "role": "assistant", "content": content }));
        return Ok(());
    }
    let (mut said, mut calls) = (Vec::new(), Vec::new());
    for (index, block) in list(content, at)?.into_iter().enumerate() {
        let mut block = Block::of(block, &format!("{at}[{index}]"))?;
        match block.kind.as_str() {
            "text" => said.push(json!({ "type": "text", "text": block.fields.text("text")? })),
            // Another vendor's thoughts are of no use to a model.
            "thinking" | "redacted_thinking" => continue,
            "tool_use" => {
                let (id, name) = (block.fields.text("id")?, block.fields.text("name")?);
                let input = block.fields.take("input").unwrap_or_else(|| json!({}));
                let function = json!({ "name": name, "arguments": input.to_string() });
                calls.push(json!({ "id": id, "type": "function", "function": function }));
            }
            _ => return Err(no(block.fields.path("type"), UNKNOWN)),
        }
        block.fields.done()?;
    }
    let content = if said.is_empty() { Value::Null } else { shorter(said) };
    let mut turn = json!({ "role": "assistant", "content": content });
    if let Some(fields) = turn.as_object_mut().filter(|_| !calls.is_empty()) {
        fields.insert("tool_calls".to_owned(), calls.into());
    }
    turns.push(turn);
    Ok(())
}

/// A block of content whose kind is known. Marks for the provider's cache change no answer.
struct Block {
    kind: String,
    fields: Fields,
}

impl Block {
    fn of(value: Value, at: &str) -> Result<Self, Untranslatable> {
        let mut fields = Fields::of(value, at)?;
        let kind = fields.text("type")?;
        fields.take("cache_control");
        Ok(Self { kind, fields })
    }
}

/// A text, or blocks of text.
fn texts(content: Value, at: &str) -> Result<Value, Untranslatable> {
    if content.is_string() {
        return Ok(content);
    }
    let part = |block, at: &str| {
        let mut block = Block::of(block, at)?;
        if block.kind != "text" {
            return Err(no(block.fields.path("type"), UNKNOWN));
        }
        let text = block.fields.text("text")?;
        block.fields.done()?;
        Ok(json!({ "type": "text", "text": text }))
    };
    Ok(shorter(each(content, at, part)?))
}

/// A single part is the text itself: every server understands that.
fn shorter(mut parts: Vec<Value>) -> Value {
    match parts.as_mut_slice() {
        [only] => only.get_mut("text").map(Value::take).unwrap_or_default(),
        _ => parts.into(),
    }
}

fn image(block: &mut Fields) -> Result<String, Untranslatable> {
    let at = block.path("source");
    let mut source = Fields::of(block.take("source").unwrap_or_default(), &at)?;
    let url = match source.text("type")?.as_str() {
        "url" => source.text("url")?,
        "base64" => {
            let (media_type, data) = (source.text("media_type")?, source.text("data")?);
            format!("data:{media_type};base64,{data}")
        }
        _ => return Err(no(source.path("type"), UNKNOWN)),
    };
    source.done()?;
    Ok(url)
}

fn tool(tool: Value, at: &str) -> Result<Value, Untranslatable> {
    let mut tool = Fields::of(tool, at)?;
    // The vendor's own tools (search, code execution) have other types.
    if tool.take("type").is_some_and(|it| it != "custom") {
        return Err(no(tool.path("type"), UNKNOWN));
    }
    tool.take("cache_control");
    let mut function = Map::new();
    function.insert("name".to_owned(), tool.text("name")?.into());
    for (key, name) in
        [("description", "description"), ("input_schema", "parameters"), ("strict", "strict")]
    {
        if let Some(value) = tool.take(key) {
            function.insert(name.to_owned(), value);
        }
    }
    tool.done()?;
    Ok(json!({ "type": "function", "function": function }))
}

fn tool_choice(choice: Value, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut choice = Fields::of(choice, "tool_choice")?;
    let told = match choice.text("type")?.as_str() {
        "auto" => json!("auto"),
        "any" => json!("required"),
        "none" => json!("none"),
        "tool" => json!({ "type": "function", "function": { "name": choice.text("name")? } }),
        _ => return Err(no(choice.path("type"), UNKNOWN)),
    };
    out.insert("tool_choice".to_owned(), told);
    if choice.take("disable_parallel_tool_use") == Some(Value::Bool(true)) {
        out.insert("parallel_tool_calls".to_owned(), false.into());
    }
    choice.done()
}

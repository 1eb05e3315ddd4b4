// The `openai` package of npm against a gateway: unary, streamed, tools, structured output, embeddings,
// errors and retries. Prints what it saw as JSON.
import OpenAI from "openai";

const options = { baseURL: process.env.BASE_URL, apiKey: process.env.KEY, maxRetries: 0 };
const client = new OpenAI(options);
const model = "auto";
const ask = "How does a mutex work?";
const saw = {};

const tool = { type: "function", function: { name: "weather", parameters: {
  type: "object", properties: { place: { type: "string" } } } } };
const schema = { type: "object", properties: { owner: { type: "string" } }, required: ["owner"],
  additionalProperties: false };

async function text(stream, piece) {
  let whole = "";
  for await (const event of stream) whole += piece(event) ?? "";
  return whole;
}

const messages = [{ role: "user", content: ask }];
saw.chat = (await client.chat.completions.create({ model, messages })).choices[0].message.content;
saw.chat_streamed = await text(await client.chat.completions.create({ model, messages, stream: true }),
  (chunk) => chunk.choices[0]?.delta?.content);

const response = await client.responses.create({ model, input: ask });
saw.response = response.output_text;
saw.response_status = response.status;
const kinds = [];
saw.response_streamed = await text(await client.responses.create({ model, input: ask, stream: true }), (event) => {
  kinds.push(event.type);
  return event.type === "response.output_text.delta" ? event.delta : "";
});
saw.response_events = kinds;

const completion = await client.completions.create({ model, prompt: ask, max_tokens: 40 });
saw.completion = completion.choices[0].text;
saw.completion_streamed = await text(
  await client.completions.create({ model, prompt: ask, max_tokens: 40, stream: true }),
  (chunk) => chunk.choices[0]?.text);

if (process.env.TOOLS) {
  const weather = [{ role: "user", content: "What is the weather in Paris?" }];
  const called = await client.chat.completions.create({ model, messages: weather, tools: [tool] });
  saw.tool = called.choices[0].message.tool_calls[0].function;
  const flat = { type: "function", name: "weather", strict: false, parameters: tool.function.parameters };
  const asked = await client.responses.create({ model, input: weather, tools: [flat] });
  const call = asked.output.find((item) => item.type === "function_call");
  saw.response_tool = { name: call.name, arguments: call.arguments };
  const format = { type: "json_schema", name: "owner", schema, strict: true };
  const json = await client.responses.parse({ model, input: "Who is the owner as JSON?", text: { format } });
  saw.json = JSON.parse(json.output_text);
  const parsed = await client.chat.completions.parse({ model,
    messages: [{ role: "user", content: "Who is the owner as JSON?" }],
    response_format: { type: "json_schema", json_schema: { name: "owner", schema, strict: true } } });
  saw.chat_json = JSON.parse(parsed.choices[0].message.content);
}

// The package asks for base64 and decodes it, unless told otherwise.
const two = ["A blue whale.", "A grey whale."];
const vectors = await client.embeddings.create({ model, input: two });
saw.vectors = vectors.data.map((entry) => entry.embedding.length);
const plain = await client.embeddings.create({ model, input: two[0], encoding_format: "float" });
saw.same = plain.data[0].embedding.every((number, at) => Math.abs(number - vectors.data[0].embedding[at]) < 1e-6);

async function failure(work) {
  try {
    await work();
    return null;
  } catch (error) {
    return { status: error.status, code: error.code, name: error.constructor.name };
  }
}
saw.wrong_key = await failure(() => new OpenAI({ ...options, apiKey: "wrong" }).models.list());
saw.wrong_field = await failure(() => client.responses.create({ model, input: 3 }));
console.log(JSON.stringify(saw));

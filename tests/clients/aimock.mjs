// A mock of several vendors' APIs, until its input is closed.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0 });
mock.onMessage("weather", { toolCalls: [{ name: "weather", arguments: { place: "Paris" } }] });
mock.onMessage("owner as JSON", { content: '{"owner":"one"}' });
mock.onMessage("mutex", { content: "A mutex has one owner, and no more than one." });
mock.onEmbedding("whale", { embedding: [0.5, 0.25, 0.75] });
await mock.start();
console.log(mock.url);
process.stdin.resume();
process.stdin.on("end", async () => { await mock.stop(); process.exit(0); });

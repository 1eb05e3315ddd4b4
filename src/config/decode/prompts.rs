//! `local_prompts`: how the local model is asked, and how long its answers may get, by task.

use super::Decoder;
use crate::engine::prompt::{Template, Templates};
use crate::inspect::Task;
use crate::money::Tokens;
use crate::yaml::Cursor;

const KEYS: &[&str] = &["template", "output_tokens_max", "parts_max"];
/// The most parts: each is a request to the engine.
const PARTS_MAX: u64 = 256;
/// The longest template: it takes its length of the model's context.
const BYTES_MAX: usize = 4000;

impl Decoder<'_> {
    /// Reads `local_prompts`.
    pub(super) fn local_prompts(&mut self, at: &Cursor<'_>) -> Templates {
        let names = Task::ALL.map(Task::name);
        let mut templates = Templates::default();
        let Some(fields) = self.reader.fields(at, &names) else { return templates };
        for task in Task::ALL {
            let Some(at) = fields.get(task.name()) else { continue };
            let Some(fields) = self.reader.fields(&at, KEYS) else { continue };
            let mut template = Template::default();
            if let Some(at) = fields.get("template")
                && let Some(words) = self.reader.sentence(&at)
            {
                if words.matches("{text}").count() != 1 || words.len() > BYTES_MAX {
                    let message = format!(
                        "a template has `{{text}}` once and at most {BYTES_MAX} bytes in all"
                    );
                    let help = "write it like `Summarize in one sentence:\\n\\n{text}`";
                    self.reader.wrong_with_help(&at, message, help);
                }
                template.words = Some(words.to_owned());
            }
            if let Some(at) = fields.get("output_tokens_max") {
                let most = self.reader.whole(&at, u64::from(u32::MAX));
                template.output_max = most.and_then(|most| u32::try_from(most).ok()).map(Tokens);
                if template.output_max == Some(Tokens(0)) {
                    self.reader.wrong(&at, "an answer has at least one token");
                }
            }
            if let Some(at) = fields.get("parts_max") {
                if task == Task::Summarize {
                    let most = self.reader.whole(&at, PARTS_MAX);
                    template.parts_max = most.and_then(|most| usize::try_from(most).ok());
                } else {
                    let message = format!("`{}` is not done in parts", task.name());
                    let help = "only `summarize` reads a long text in parts";
                    self.reader.wrong_with_help(&at, message, help);
                }
            }
            templates.set(task, template);
        }
        templates
    }
}

//! What is wrong with a file, in a shape that the person who wrote the file can act on.

use std::fmt::{self, Write as _};

use super::Span;

/// Whether a problem stops the file from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file works, but probably not as meant.
    Warning,
    /// Worth knowing; nothing needs to change.
    Note,
}

impl Severity {
    /// The word that opens the message.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One mistake: what, where, and a way out. `Display` gives the whole picture with the caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One lower-case sentence without a full stop; the user's words in backticks.
    pub message: String,
    /// The file as the user named it.
    pub file: String,
    /// Counts from 1.
    pub line: u32,
    /// Counts from 1, in characters.
    pub column: u32,
    /// Bytes from the start of the file; problems are sorted by it.
    pub offset: u32,
    /// Characters to underline.
    pub length: u32,
    /// The line itself.
    pub source_line: String,
    /// Where in the structure, such as `routes[2].use`; empty at the top.
    pub path: String,
    /// A way out, such as ``did you mean `local`?``.
    pub help: Option<String>,
    /// Whether the file can still be used.
    pub severity: Severity,
}

impl Problem {
    /// A mistake that stops the file from being used; place it with [`Problem::at`].
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            file: String::new(),
            line: 1,
            column: 1,
            offset: 0,
            length: 1,
            source_line: String::new(),
            path: String::new(),
            help: None,
            severity: Severity::Error,
        }
    }

    /// Says where it is; the line is copied from the text.
    #[must_use]
    pub fn at(mut self, file: &str, text: &str, span: Span) -> Self {
        let index = usize::try_from(span.line.saturating_sub(1)).unwrap_or(usize::MAX);
        file.clone_into(&mut self.file);
        // YAML ends lines with a carriage return alone, too.
        let mut lines = text.lines().flat_map(|line| line.split('\r'));
        lines.nth(index).unwrap_or("").clone_into(&mut self.source_line);
        self.line = span.line;
        self.column = span.column;
        self.offset = span.offset;
        self.length = span.length;
        self
    }
}

/// `error: …`, the place, the line with a caret under the culprit, and the way out.
impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(out, "{}: {}", self.severity.name(), self.message)?;
        write!(out, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(out, "   ({})", self.path)?;
        }
        // Control characters could repaint the reader's terminal.
        let line = self.source_line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
        writeln!(out, "\n{gutter} |\n{number} | {line}")?;
        writeln!(out, "{gutter} | {}", self.caret(&line))?;
        if let Some(help) = &self.help {
            writeln!(out, "help: {help}")?;
        }
        Ok(())
    }
}

impl Problem {
    /// The underline: it ends with the line even when the value goes on.
    fn caret(&self, line: &str) -> String {
        let before = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        let mut under = String::new();
        for character in line.chars().take(before) {
            under.push(if character == '\t' { '\t' } else { ' ' });
        }
        let room = line.chars().count().saturating_sub(before).max(1);
        let length = usize::try_from(self.length).unwrap_or(1).clamp(1, room);
        under.push_str(&"^".repeat(length));
        under
    }
}

/// Everything wrong with a file, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts the problems by their place.
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.offset);
        Self(problems)
    }

    /// The problems, in file order.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of them refuse the file.
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|problem| problem.severity == Severity::Error).count()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_char('\n')?;
            }
            problem.fmt(out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

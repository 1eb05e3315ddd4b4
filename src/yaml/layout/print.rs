//! A laid-out document as text.

use super::{Block, Entry, Kind, Line, Many, Shape, WIDTH};

/// The whole text, ending with one line break.
pub(super) fn document(top: Option<&Block>, tail: &[Line]) -> String {
    let mut page = Page { text: String::new() };
    match top.map(|top| &top.kind) {
        Some(Kind::Many(many)) if !many.is_flow && !many.entries.is_empty() => {
            page.many(many, 0, Start::Line);
        }
        Some(_) => {
            if let Some(top) = top {
                page.value(top, 0, (None, Lead::Nothing));
            }
        }
        None => {}
    }
    page.lines(tail, 0);
    page.text
}

/// Where the first entry goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// On a line of its own.
    Line,
    /// Behind the hyphen that is there already.
    Here,
}

/// What a value stands behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Nothing,
    Hyphen,
    Key,
}

struct Page {
    text: String,
}

impl Page {
    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// Blank lines and comments; no two blank lines follow each other, and none stands first.
    fn lines(&mut self, lines: &[Line], indent: usize) {
        for line in lines {
            match line {
                Line::Blank if self.text.is_empty() || self.text.ends_with("\n\n") => {}
                Line::Blank => self.text.push('\n'),
                Line::Comment(words) => {
                    self.indent(indent);
                    self.text.push_str(words);
                    self.text.push('\n');
                }
            }
        }
    }

    fn many(&mut self, many: &Many, indent: usize, start: Start) {
        for (index, entry) in many.entries.iter().enumerate() {
            self.entry(entry, indent, if index == 0 { start } else { Start::Line });
        }
        self.lines(&many.tail, indent);
    }

    fn entry(&mut self, entry: &Entry, indent: usize, start: Start) {
        let stands_below = stands_below(entry, indent);
        if start == Start::Line {
            self.lines(&entry.before, indent);
            // A hyphen has no room for a comment before a map or list.
            if let (None, true, Some(comment)) = (&entry.key, stands_below, &entry.comment) {
                self.lines(&[Line::Comment(comment.clone())], indent);
            }
            self.indent(indent);
        }
        let lead = if let Some(key) = &entry.key {
            self.text.push_str(key);
            self.text.push(':');
            Lead::Key
        } else {
            self.text.push('-');
            Lead::Hyphen
        };
        let comment = entry.comment.as_deref().filter(|_| entry.key.is_some() || !stands_below);
        self.value(&entry.value, indent, (comment, lead));
    }

    /// A value behind its key or hyphen, up to the end of the line.
    fn value(&mut self, block: &Block, indent: usize, (comment, lead): (Option<&str>, Lead)) {
        let used =
            indent + self.text.rsplit('\n').next().unwrap_or_default().trim_start().chars().count();
        let space = if lead == Lead::Nothing { "" } else { " " };
        match &block.kind {
            Kind::Many(many)
                if !many.entries.is_empty()
                    && (!many.is_flow || !fits(block, used + space.len())) =>
            {
                let inner = if lead == Lead::Nothing { indent } else { indent + 2 };
                if block.properties.is_empty() && lead == Lead::Hyphen {
                    self.text.push(' ');
                    self.many(many, inner, Start::Here);
                    return;
                }
                if !block.properties.is_empty() {
                    self.text.push_str(space);
                    self.text.push_str(block.properties.trim_end());
                }
                if !self.text.is_empty() || comment.is_some() {
                    self.end(comment);
                }
                self.many(many, inner, Start::Line);
            }
            Kind::Many(many) => {
                self.text.push_str(space);
                self.text.push_str(&flow(block));
                self.end(comment);
                self.lines(&many.tail, indent);
            }
            Kind::Scalar(_) => {
                let written = flow_scalar(block);
                if !written.is_empty() {
                    self.text.push_str(space);
                    self.text.push_str(&written);
                }
                self.end(comment);
            }
            Kind::Text { header, lines } => {
                self.text.push_str(space);
                self.text.push_str(&block.properties);
                self.text.push_str(header);
                self.end(comment);
                for line in lines {
                    if !line.is_empty() {
                        self.indent(indent + 2);
                        self.text.push_str(line);
                    }
                    self.text.push('\n');
                }
            }
        }
    }

    fn end(&mut self, comment: Option<&str>) {
        if let Some(comment) = comment {
            // A lone key or hyphen may have left a space.
            if !self.text.ends_with([' ', '\n']) && !self.text.is_empty() {
                self.text.push_str("  ");
            }
            self.text.push_str(comment);
        }
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

/// Whether the value of an entry takes lines of its own.
fn stands_below(entry: &Entry, indent: usize) -> bool {
    let Kind::Many(many) = &entry.value.kind else { return false };
    if many.entries.is_empty() {
        return false;
    }
    let lead = entry.key.as_ref().map_or(2, |key| key.chars().count() + 2);
    !many.is_flow || !fits(&entry.value, indent + lead)
}

/// Whether a value fits on the line that is used this far.
fn fits(block: &Block, used: usize) -> bool {
    used + flow(block).chars().count() <= WIDTH
}

fn flow_scalar(block: &Block) -> String {
    let Kind::Scalar(written) = &block.kind else { return String::new() };
    format!("{}{written}", block.properties).trim_end().to_owned()
}

/// A value on one line.
fn flow(block: &Block) -> String {
    let Kind::Many(many) = &block.kind else {
        let written = flow_scalar(block);
        return if written.is_empty() { "null".to_owned() } else { written };
    };
    let inner = |entry: &Entry| match &entry.key {
        Some(key) => format!("{key}: {}", flow(&entry.value)),
        None => flow(&entry.value),
    };
    let parts: Vec<String> = many.entries.iter().map(inner).collect();
    let parts = parts.join(", ");
    let properties = &block.properties;
    match (many.shape, parts.is_empty()) {
        (Shape::Map, true) => format!("{properties}{{}}"),
        (Shape::Map, false) => format!("{properties}{{ {parts} }}"),
        (Shape::List, _) => format!("{properties}[{parts}]"),
    }
}

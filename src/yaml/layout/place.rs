//! Which entry a comment belongs to: the one on its line, else the one below it, else the end of what
//! it is indented with.

use std::collections::VecDeque;

use super::{Block, Comment, Entry, Kind, Line, Many, is_blank_before};

/// Puts comments and blank lines where they belong. Those that are left stand at the end.
pub(super) fn comments(top: Option<&mut Block>, comments: Vec<Comment>, text: &str) -> Vec<Line> {
    let mut placing = Placing { comments: comments.into(), text };
    if let Some(top) = top {
        placing.spread(top);
        placing.value(top, None);
    }
    let mut tail = Vec::new();
    while let Some(comment) = placing.comments.pop_front() {
        push(&mut tail, comment);
    }
    tail
}

fn push(lines: &mut Vec<Line>, comment: Comment) {
    if comment.is_after_blank {
        lines.push(Line::Blank);
    }
    lines.push(Line::Comment(comment.text));
}

/// Where the entry after this one begins, and in which column.
type Next = Option<(usize, usize)>;

struct Placing<'t> {
    comments: VecDeque<Comment>,
    text: &'t str,
}

impl Placing<'_> {
    /// What has a comment inside does not fit on one line.
    fn spread(&self, block: &mut Block) {
        let Kind::Many(many) = &mut block.kind else { return };
        let from = self.comments.partition_point(|comment| comment.start < block.range.start);
        let has_comment =
            self.comments.get(from).is_some_and(|comment| comment.start < block.range.end);
        if many.is_flow && has_comment {
            many.is_flow = false;
            many.end = Some(block.range.end);
        }
        for entry in &mut many.entries {
            self.spread(&mut entry.value);
        }
    }

    /// The next comment, if it stands before this place.
    fn before(&mut self, place: usize) -> Option<Comment> {
        if self.comments.front()?.start < place { self.comments.pop_front() } else { None }
    }

    fn value(&mut self, block: &mut Block, next: Next) {
        let Kind::Many(many) = &mut block.kind else { return };
        if many.is_flow {
            return;
        }
        let mut following = many.entries.iter().map(|entry| (entry.start, entry.column)).skip(1);
        let nexts: Vec<Next> = (0..many.entries.len()).map(|_| following.next().or(next)).collect();
        for (index, (entry, next)) in many.entries.iter_mut().zip(nexts).enumerate() {
            self.entry(entry, next);
            if index == 0 {
                let blanks = entry.before.iter().take_while(|line| **line == Line::Blank).count();
                entry.before.drain(..blanks);
            }
        }
        self.tail(many, block.column, next);
    }

    /// What stands at the end of a list or map, indented like it.
    fn tail(&mut self, many: &mut Many, column: usize, next: Next) {
        while let Some(comment) = self.comments.front() {
            let is_inside = many.end.is_some_and(|end| comment.start < end);
            let is_before_next = next.is_none_or(|(start, _)| comment.start < start);
            let is_deeper = next.is_none_or(|(_, next)| comment.column > next);
            let is_indented = column > 0 && comment.column >= column && is_deeper;
            if !(is_inside || (comment.is_alone && is_before_next && is_indented)) {
                break;
            }
            if let Some(comment) = self.comments.pop_front() {
                push(&mut many.tail, comment);
            }
        }
    }

    fn entry(&mut self, entry: &mut Entry, next: Next) {
        while let Some(comment) = self.before(entry.start) {
            push(&mut entry.before, comment);
        }
        let line_start =
            self.text.get(..entry.start).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let is_first =
            self.text.get(line_start..entry.start).is_some_and(|it| it.trim().is_empty());
        if is_first && is_blank_before(self.text, line_start) {
            entry.before.push(Line::Blank);
        }
        let first = match &entry.value.kind {
            Kind::Many(many) if !many.is_flow => {
                many.entries.first().map(|first| first.start).or(many.end)
            }
            Kind::Many(_) | Kind::Scalar(_) | Kind::Text { .. } => None,
        };
        let is_empty = matches!(&entry.value.kind, Kind::Many(many) if many.entries.is_empty());
        match (first, &entry.key) {
            // The comments between a hyphen and its map, or in a list of nothing, stand before them.
            (Some(first), key) if key.is_none() || is_empty => {
                while let Some(comment) = self.before(first) {
                    entry.before.push(Line::Comment(comment.text));
                }
            }
            (Some(first), _) => self.trailing(entry, first),
            (None, _) => {
                let end = entry.value.range.end.max(entry.start);
                let rest = self.text.get(end..).unwrap_or_default();
                let line_end = end + rest.find('\n').unwrap_or(rest.len());
                let line_end = next.map_or(line_end, |(start, _)| line_end.min(start));
                self.trailing(entry, line_end);
            }
        }
        self.value(&mut entry.value, next);
    }

    /// The comment that stands behind an entry on its line.
    fn trailing(&mut self, entry: &mut Entry, before: usize) {
        while self.comments.front().is_some_and(|comment| !comment.is_alone) {
            let Some(comment) = self.before(before) else { break };
            // A second one has no line of its own to stand on.
            match &entry.comment {
                None => entry.comment = Some(comment.text),
                Some(_) => entry.before.push(Line::Comment(comment.text)),
            }
        }
    }
}

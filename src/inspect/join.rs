//! Values that were split over two messages, so that neither half shows what it is.
//!
//! Only the edges of the prose are joined: the end of a message with the beginning of the next one
//! and of the one after it (the answer of a model may stand in between).

use super::sensitivity::Value;
use super::{Finding, Findings, Inspection, Leaf};

/// How much of each edge is joined, in bytes.
const EDGE: usize = 96;

/// Looks at the joined edges and reports each half of a split value in its own leaf.
pub(super) fn read(leaves: &[Leaf<'_>], inspection: &Inspection, findings: &mut Findings) {
    let prose: Vec<(usize, &Leaf<'_>)> =
        leaves.iter().enumerate().filter(|(_, leaf)| leaf.is_prose).collect();
    for (position, left) in prose.iter().enumerate() {
        for right in prose.iter().skip(position + 1).take(2) {
            join(*left, *right, inspection, findings);
        }
    }
}

fn join(
    (left_index, left): (usize, &Leaf<'_>),
    (right_index, right): (usize, &Leaf<'_>),
    inspection: &Inspection,
    findings: &mut Findings,
) {
    let head = left.text.trim_end();
    let skipped = right.text.len() - right.text.trim_start().len();
    let tail = right.text.trim_start();
    let head_start = head.ceil_char_boundary(head.len().saturating_sub(EDGE));
    let head_edge = head.get(head_start..).unwrap_or_default();
    let tail_edge = tail.get(..tail.floor_char_boundary(EDGE)).unwrap_or_default();
    let seam = head_edge.len();
    // Digits may be grouped at the seam, and everything else goes on without a gap; a value may
    // also be named by the question before it.
    let gaps: &[&str] = match may_continue(head, tail) {
        true => &["", " ", "-"],
        false if may_answer(tail) => &[" "],
        false => &[],
    };
    for gap in gaps {
        let joined = [head_edge, gap, tail_edge].concat();
        for value in inspection.scan(left.path, &joined).values {
            let start = value.span.start;
            let Some(end) = value.span.end.checked_sub(seam + gap.len()).filter(|end| *end > 0)
            else {
                continue;
            };
            if let Some(start) = start.checked_sub(seam + gap.len()) {
                // All of it in the right half: found there before, unless only the left names it.
                let span = skipped + start..skipped + end;
                if !is_known(findings, &value, right_index, span.start) {
                    push(findings, &value, right_index, span);
                }
                continue;
            }
            if start >= seam || is_known(findings, &value, left_index, head_start + start) {
                continue;
            }
            push(findings, &value, left_index, head_start + start..head_start + seam);
            push(findings, &value, right_index, skipped..skipped + end);
        }
    }
}

/// Whether a value may run over the seam: digits on both sides, or an address or key broken off.
fn may_continue(head: &str, tail: &str) -> bool {
    let (Some(last), Some(first)) = (head.bytes().last(), tail.bytes().next()) else {
        return false;
    };
    (last.is_ascii_digit() && first.is_ascii_digit())
        || (matches!(last, b'@' | b'-' | b'_' | b'.' | b'/') && first.is_ascii_alphanumeric())
        || (matches!(first, b'@' | b'-') && last.is_ascii_alphanumeric())
}

/// Whether a message may be nothing but the value that the message before it asked for.
fn may_answer(tail: &str) -> bool {
    tail.len() <= EDGE && tail.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether this value was already found there.
fn is_known(findings: &Findings, value: &Value, leaf: usize, start: usize) -> bool {
    findings.items.iter().any(|item| {
        item.label == value.label
            && usize::try_from(item.leaf) == Ok(leaf)
            && usize::try_from(item.span.start) == Ok(start)
    })
}

fn push(findings: &mut Findings, value: &Value, leaf: usize, span: std::ops::Range<usize>) {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    findings.note(value.label, value.confidence);
    findings.items.push(Finding {
        label: value.label,
        leaf: number(leaf),
        span: number(span.start)..number(span.end),
        confidence: value.confidence,
        evidence: value.evidence,
    });
}

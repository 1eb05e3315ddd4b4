//! Tables in a text: the head of the column in which a value stands names it.
//!
//! Lines with the same number of separators are a table, its first line the head (CSV, TSV,
//! Markdown); so is the list of columns of an SQL `INSERT`.

use std::ops::Range;

/// Characters that part columns, most telling first.
const SEPARATORS: [u8; 4] = [b'\t', b'|', b';', b','];
/// Longest line that can belong to a table.
const LINE_MAX: usize = 4096;
/// Longest head of a column; lines of prose or of a log with as many commas have none.
const HEAD_MAX: usize = 64;
/// How far before a value its table in HTML may begin, in bytes.
const HTML_MAX: usize = 4096;
/// Longest list of columns of an `INSERT`, in bytes before the values.
const INSERT_MAX: usize = 2048;

/// The tables of one text.
#[derive(Debug, Default)]
pub(super) struct Tables {
    lines: Vec<Table>,
    /// Whether there is one in HTML.
    has_html: bool,
}

#[derive(Debug)]
struct Table {
    separator: u8,
    head: Range<usize>,
    rows: Range<usize>,
}

impl Tables {
    /// Finds every table: one pass over the lines.
    pub(super) fn read(text: &[u8]) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        let mut previous: Option<(Range<usize>, [usize; 4])> = None;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
            let line = text.get(start..end).unwrap_or_default();
            let counts = if line.len() > LINE_MAX {
                [0; 4]
            } else {
                SEPARATORS.map(|sign| count(line, sign))
            };
            if let Some((before, known)) = &previous {
                let matching = SEPARATORS.iter().zip(counts).zip(known);
                let found = matching.filter(|((_, new), old)| *new > 0 && new == *old);
                if let Some(((separator, _), _)) = found.into_iter().next() {
                    grow(&mut tables, *separator, before, start..end);
                }
            }
            previous = Some((start..end, counts));
            start = end + 1;
        }
        Self { lines: tables, has_html: memchr::memmem::find(text, b"<table").is_some() }
    }

    /// The head of the column that a place is in.
    pub(super) fn head(&self, text: &[u8], place: usize) -> Option<Range<usize>> {
        if let Some(columns) = insert_columns(text, place) {
            return Some(columns);
        }
        if let Some(cell) = self.has_html.then(|| html_head(text, place)).flatten() {
            return Some(cell);
        }
        let index = self.lines.partition_point(|table| table.rows.start <= place).checked_sub(1)?;
        let table = self.lines.get(index).filter(|table| table.rows.contains(&place))?;
        let line_start =
            text.get(..place)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = count(text.get(line_start..place)?, table.separator);
        let mut from = table.head.start;
        for _ in 0..column {
            let rest = text.get(from..table.head.end)?;
            from += memchr::memchr(table.separator, rest)? + 1;
        }
        let rest = text.get(from..table.head.end)?;
        let size = memchr::memchr(table.separator, rest).unwrap_or(rest.len());
        // Numbers stand in rows: a line of a log is no head.
        let digits = rest.get(..size)?.iter().filter(|byte| byte.is_ascii_digit()).count();
        (size <= HEAD_MAX && digits <= 4).then_some(from..from + size)
    }
}

fn count(line: &[u8], sign: u8) -> usize {
    memchr::memchr_iter(sign, line).count()
}

fn grow(tables: &mut Vec<Table>, separator: u8, before: &Range<usize>, line: Range<usize>) {
    match tables.last_mut() {
        Some(table) if table.separator == separator && table.rows.end + 1 == line.start => {
            table.rows.end = line.end;
        }
        _ => tables.push(Table { separator, head: before.clone(), rows: line }),
    }
}

/// `INSERT INTO t (a, b) VALUES (1, 2)`: the column of a place inside the values.
fn insert_columns(text: &[u8], place: usize) -> Option<Range<usize>> {
    let from = place.saturating_sub(INSERT_MAX);
    let head = text.get(from..place)?;
    let open = head.iter().rposition(|byte| *byte == b'(')?;
    let column = count(head.get(open..)?, b',');
    let before = head.get(..open)?;
    // The values of an earlier row may lie between.
    let values = memchr::memmem::rfind(before, b"VALUES")
        .or_else(|| memchr::memmem::rfind(before, b"values"))?;
    let close = head.get(..values)?.iter().rposition(|byte| *byte == b')')?;
    let start = head.get(..close)?.iter().rposition(|byte| *byte == b'(')? + 1;
    let mut columns = head.get(start..close)?.split(|byte| *byte == b',');
    let mut at = from + start;
    for _ in 0..column {
        at += columns.next()?.len() + 1;
    }
    Some(at..at + columns.next()?.len())
}

/// The head of the column of a table in HTML: the cell with the same number in the first row.
fn html_head(text: &[u8], place: usize) -> Option<Range<usize>> {
    let from = place.saturating_sub(HTML_MAX);
    let head = text.get(from..place)?;
    let row = memchr::memmem::rfind(head, b"<tr")?;
    let table = memchr::memmem::rfind(head.get(..row)?, b"<table")?;
    let column = cells(head.get(row..)?).count();
    let first = head.get(table..row)?;
    let cell = cells(first).nth(column.checked_sub(1)?)?;
    let start = cell + memchr::memchr(b'>', first.get(cell..)?)? + 1;
    let size = memchr::memchr(b'<', first.get(start..)?)?;
    Some(from + table + start..from + table + start + size)
}

/// Where the cells of a row begin.
fn cells(row: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memchr::memmem::find_iter(row, b"<t").filter(|at| matches!(row.get(at + 2), Some(b'h' | b'd')))
}

#[cfg(test)]
mod tests {
    use super::Tables;

    fn head(text: &str, value: &str) -> Option<String> {
        let place = text.find(value).expect("the value");
        let head = Tables::read(text.as_bytes()).head(text.as_bytes(), place)?;
        text.get(head).map(|head| head.trim().to_owned())
    }

    #[test]
    fn columns_have_heads() {
        let csv = "id,name,ssn\n1,Jane,536228145\n2,Joe,536228146\n";
        assert_eq!(head(csv, "536228145").as_deref(), Some("ssn"));
        assert_eq!(head(csv, "536228146").as_deref(), Some("ssn"));
        assert_eq!(head(csv, "Joe").as_deref(), Some("name"));
        let markdown = "| id | dob |\n|---|---|\n| 1 | 1980-01-02 |\n";
        assert_eq!(head(markdown, "1980").as_deref(), Some("dob"));
        let html = "<table><tr><th>id</th><th>ssn</th></tr><tr><td>1</td><td>536</td></tr></table>";
        assert_eq!(head(html, "536").as_deref(), Some("ssn"));
        let sql = "INSERT INTO t (id, pwd) VALUES (1, 'x1'), (2, 'x2');";
        assert_eq!(head(sql, "x1").as_deref(), Some("pwd"));
        assert_eq!(head(sql, "x2").as_deref(), Some("pwd"));
    }

    #[test]
    fn prose_has_none() {
        assert_eq!(head("one line, two words", "two"), None);
        assert_eq!(head("first\nsecond, third", "third"), None);
    }
}

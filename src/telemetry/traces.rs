//! Traces: a span for each request, its stages and its attempts, in the form that collectors of
//! OpenTelemetry read (OTLP as JSON). Names and numbers only; there is no text that could leave.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What an attribute says.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A name of the configuration, or a word of a closed list.
    Name(String),
    /// A number.
    Number(f64),
}

/// Attributes by name.
pub type Attributes = Vec<(&'static str, Attribute)>;

/// Part of a request's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// What was done.
    pub name: &'static str,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Whether it leads to another server.
    pub reach: Reach,
    /// Whether it came to its end as it should.
    pub end: End,
    /// What else there is to say.
    pub attributes: Attributes,
}

/// Whether a span leads to another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A request that came in.
    In,
    /// Work of our own.
    Here,
    /// A request that went out.
    Out,
}

/// How a span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Good,
    /// It failed.
    Failed,
}

/// A request: its own span, and those below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The decision's id, which makes the trace's.
    pub decision: String,
    /// The whole request.
    pub whole: Span,
    /// What it consisted of.
    pub parts: Vec<Span>,
}

/// The parts of a running request; nothing is kept when nobody wants traces.
#[derive(Debug, Default)]
pub struct Parts(Option<Mutex<Vec<Span>>>);

impl Parts {
    /// Parts that are kept.
    pub fn kept() -> Self {
        Self(Some(Mutex::default()))
    }

    /// Whether they are.
    pub const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps a part.
    pub fn add(&self, span: Span) {
        if let Some(spans) = &self.0 {
            spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
        }
    }

    /// Hands over what was kept so far.
    pub fn take(&self) -> Vec<Span> {
        let Some(spans) = &self.0 else { return Vec::new() };
        std::mem::take(&mut *spans.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a collector is sent.
pub fn encoded(traces: &[Trace]) -> Value {
    let spans: Vec<Value> = traces.iter().flat_map(spans).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "ambidex" } },
            { "key": "service.version", "value": { "stringValue": env!("CARGO_PKG_VERSION") } },
        ] },
        "scopeSpans": [{ "scope": { "name": "ambidex" }, "spans": spans }],
    }] })
}

fn spans(trace: &Trace) -> Vec<Value> {
    // A decision's id has 28 digits of the 32 of a trace's.
    let id = format!("{:0>32}", trace.decision);
    let numbered = |number: usize| format!("{:016x}", number.saturating_add(1));
    let mut all = vec![span(&id, (numbered(0), None), &trace.whole)];
    for (index, part) in trace.parts.iter().enumerate() {
        all.push(span(&id, (numbered(index.saturating_add(1)), Some(numbered(0))), part));
    }
    all
}

fn span(trace: &str, (own, parent): (String, Option<String>), it: &Span) -> Value {
    let took = SignedDuration::try_from(it.took).unwrap_or_default();
    let end = it.start.checked_add(took).unwrap_or(it.start);
    let attributes = it.attributes.iter().map(|(key, value)| {
        let value = match value {
            Attribute::Name(name) => json!({ "stringValue": name }),
            Attribute::Number(number) => json!({ "doubleValue": number }),
        };
        json!({ "key": key, "value": value })
    });
    let kind = match it.reach {
        Reach::Here => 1,
        Reach::In => 2,
        Reach::Out => 3,
    };
    let mut span = json!({
        "traceId": trace,
        "spanId": own,
        "name": it.name,
        "kind": kind,
        "startTimeUnixNano": it.start.as_nanosecond().to_string(),
        "endTimeUnixNano": end.as_nanosecond().to_string(),
        "attributes": attributes.collect::<Vec<_>>(),
        "status": { "code": if it.end == End::Failed { 2 } else { 0 } },
    });
    if let (Some(parent), Some(span)) = (parent, span.as_object_mut()) {
        span.insert("parentSpanId".to_owned(), parent.into());
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_numbered_below_their_request() {
        let span = |name, end| Span {
            name,
            start: "2026-03-01T12:00:00Z".parse().unwrap(),
            took: Duration::from_micros(1_500),
            reach: Reach::Here,
            end,
            attributes: vec![("ambidex.target", Attribute::Name("local".to_owned()))],
        };
        let parts = vec![span("inspect", End::Good), span("attempt", End::Failed)];
        let trace = Trace { decision: "ab12".to_owned(), whole: span("request", End::Good), parts };
        let body = encoded(&[trace]);
        let spans = "/resourceSpans/0/scopeSpans/0/spans";
        let field =
            |index: usize, name: &str| body.pointer(&format!("{spans}/{index}/{name}")).cloned();
        assert_eq!(body.pointer(spans).and_then(Value::as_array).map(Vec::len), Some(3));
        assert_eq!(field(0, "traceId").unwrap(), "0000000000000000000000000000ab12");
        assert_eq!(field(0, "parentSpanId"), None);
        assert_eq!(field(2, "parentSpanId"), field(0, "spanId"));
        assert_eq!(field(2, "endTimeUnixNano").unwrap(), "1772366400001500000");
        assert_eq!(field(2, "status").unwrap(), json!({ "code": 2 }));
        assert!(Parts::default().take().is_empty());
    }
}

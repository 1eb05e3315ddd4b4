//! Conditions in CEL: what is refused and where the caret stands, what the trace shows, what it costs.

use super::*;

fn policy(cel: &str) -> String {
    format!(
        "version: 1\nname: p\ntrusted_headers: [x-team]\nbudgets:\n  - {{ name: team-month, window: month, limit_usd: 4 }}\nroutes:\n  - id: some\n    when: {{ cel: '{cel}' }}\n    use: [local]\n  - {{ id: rest, use: [cloud, world] }}\n"
    )
}

fn problems(source: &str) -> String {
    match Policy::compile("policy.yaml", source, &world()) {
        Ok(policy) => panic!("nothing is wrong with {source}: {:?}", policy.name()),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn mistakes_in_expressions_are_shown_at_their_place() {
    let mut out = String::new();
    for cel in [
        r#"caller.teem == "legal""#,
        r#"caller.team == "legal" && tsk.type == "code""#,
        r#"task.type == "creativ""#,
        r#"task.type in ["code", "reasonning"]"#,
        r#""secret.jwtt" in data.labels"#,
        r#"data.labels.exists(l, l == "identity.us_snn")"#,
        "budget.team-month.used > 0.5",
        r#"budget["team-mouth"].used > 0.5"#,
        "task.confidence > 1",
        "tokens.input > 0.5",
        r#"tokens.input == "5""#,
        r#"data.sensitivity >= "confidential""#,
        r#"caller.team < "m""#,
        "task.type == caller.team",
        r#"task.type == "unknown""#,
        "has(caller.team)",
        "caller.team",
        "request.stream && tokens.input",
        "1 < 2",
        r#"caller.team.startWith("a")"#,
        r#"caller.team.matches("a.*")"#,
        r#"tokens.input.startsWith("a")"#,
        "data.labels.map(l, l) == []",
        "data.labels.all(l, data.labels.exists(m, m == l))",
        r#"data.labels == ["secret.jwt"]"#,
        r#"header["x-purpose"] == "a""#,
        "lang in []",
        r#"lang in ["en", 3]"#,
        "lang == null",
        "tokens.input > 5u",
        r#"{"a": 1}.a == 1"#,
        "caller.team ==",
        r#"caller.team == "a"#,
        r#"caller.team = "a""#,
        "",
    ] {
        let shown = problems(&policy(cel));
        let lines: Vec<&str> = shown.lines().filter(|line| !line.trim().ends_with('|')).collect();
        out = format!("{out}{}\n\n", lines.join("\n"));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn the_caret_finds_its_way_into_blocks_and_quotes() {
    let block = "version: 1\nname: p\nroutes:\n  - id: some\n    when:\n      cel: |\n        caller.team == \"é\"\n          && lnag == \"en\"\n    use: [local, cloud, world]\n";
    let shown = problems(block);
    assert!(shown.contains("policy.yaml:8:14 "), "{shown}");
    assert!(
        shown.contains("\n8 |           && lnag == \"en\"\n  |              ^^^^\n"),
        "{shown}"
    );
    let quoted = policy("\"é\" == caller.team || lnag == \"en\"");
    let shown = problems(&quoted);
    assert!(shown.contains("policy.yaml:8:41 "), "{shown}");
    // Written with escapes, so only the whole value has a place.
    let escaped = policy("x").replace("'x'", r#""lnag == \"en\"""#);
    assert!(problems(&escaped).contains("policy.yaml:8:18 "), "{}", problems(&escaped));
}

#[test]
fn every_fact_of_an_expression_counts_as_asked() {
    let asks = |cel: &str| compile(&policy(cel)).asks_local_fit();
    assert!(asks(r#"caller.team == "legal" && local.fits"#));
    assert!(asks("local.unk_ratio < 0.2"));
    assert!(!asks(r#"caller.team == "legal""#));
}

#[test]
fn limits_are_in_cel_only_where_that_is_said() {
    let limit = "version: 1\nname: p\nlimits:\n  - { id: a, why: b, when: { cel: 'request.tools' }, allow_zones: [eu] }\nroutes: [{ id: r, use: [local, cloud, world] }]\n";
    assert!(problems(limit).contains("allow_cel_in_limits: true"), "{}", problems(limit));
    compile(&format!("{limit}allow_cel_in_limits: true\n"));
}

#[test]
fn the_trace_says_what_every_fact_was() {
    let policy = compile(&policy(
        r#"caller.team == "legal"  && task.type in ["creative"] && header["x-team"] == """#,
    ));
    let mut scenario = Scenario::ordinary(&policy);
    let given = ("given", "caller.team: sales");
    scenario.give(("p", &self::policy("request.tools")), &world(), given).unwrap();
    let decision = evaluate(&policy, &scenario.facts());
    let RouteResult::Failed(settled) = &decision.trace.routes[0].result else { panic!("held") };
    assert_eq!(seen(settled), "caller.team sales; task.type not known; header.x-team not set");
    let said = policy.check_said(settled.check);
    assert_eq!(
        said,
        r#"caller.team == "legal" && task.type in ["creative"] && header["x-team"] == """#
    );
    assert!(explain(&policy, &decision).contains(&format!(
        "some: no, {said} (saw caller.team sales; task.type not known; header.x-team not set)"
    )));
}

#[test]
fn what_expressions_read_is_kept_for_replay() {
    let policy =
        compile(&policy(r#"lang == "en" && header["X-Team"] == "a" && request.model == "b""#));
    assert_eq!(policy.headers_read().collect::<Vec<_>>(), ["x-team"]);
    assert!(policy.asks_model());
}

#[test]
fn what_an_expression_may_cost_is_bounded() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("{}lang == \"en\"{}", open.repeat(times), close.repeat(times))
    };
    compile(&policy(&deep("(", ")", 20)));
    for (open, close) in
        [("(", ")"), ("!(", ")"), ("[", "]"), ("size([", "])"), ("-", ""), ("!", "")]
    {
        for times in [30, 100, 300] {
            // On half the stack of a thread that serves, and it must end; what it says does not
            // matter here.
            let source = policy(&deep(open, close, times));
            let small = std::thread::Builder::new().stack_size(1 << 20);
            let run = small.spawn(move || Policy::compile("p", &source, &world()).is_ok());
            run.unwrap().join().unwrap();
        }
    }
    assert!(problems(&policy(&deep("1 + ", "", 40))).contains("nested deeper than 32 levels"));
    assert!(problems(&policy(&deep("(", ")", 100))).contains("nested deeper than 32 levels"));
    let long = vec!["lang == \"en\""; 80].join(" && ");
    assert!(problems(&policy(&long)).contains("longer than 1000 characters"));
}

//! What is looked for, how sure it has to be, and what finds are together.

use super::*;
use crate::inspect::{Confidence, CustomPattern, Label, PackSet};
use crate::mask::Mode;

const TAIL: &str = "routes:\n  - { id: rest, use: [local, cloud, world] }\n\
     restricted_may_reach: { zones: any, why: tested elsewhere }\n";

fn policy(parts: &str) -> Policy {
    compile(&format!("version: 1\nname: p\n{parts}{TAIL}"))
}

fn found(labels: &[Label], certain: &[Label], bulk: &[Label]) -> DataFacts {
    let set = |labels: &[Label]| labels.iter().copied().collect();
    DataFacts {
        labels: set(labels),
        certain: set(certain),
        bulk: set(bulk),
        ..DataFacts::default()
    }
}

#[test]
fn packs_and_patterns_are_chosen() {
    assert_eq!(policy("").detect().packs, PackSet::DEFAULT);
    assert_eq!(policy("detect: { packs: [all] }\n").detect().packs, PackSet::ALL);
    let own = policy(
        "detect:\n  packs: [secrets]\n  answers: [secret.*]\n  patterns:\n    - { name: member, pattern: 'M\\d{8}', validator: luhn, context: [member] }\n",
    );
    assert_eq!(own.detect().patterns.len(), 1);
    assert!(own.detect().answers.contains(Label::SecretJwt));
    for wrong in ["{ packs: [chna] }", "{ patterns: [{ name: a, pattern: '(' }] }", "{ pack: all }"]
    {
        let source = format!("version: 1\nname: p\ndetect: {wrong}\n{TAIL}");
        let problems = Policy::compile("policy.yaml", &source, &world()).unwrap_err().to_string();
        assert!(problems.contains("policy.yaml:3:"), "{problems}");
    }
}

#[test]
fn finds_together_are_more() {
    let name = [Label::PersonName];
    let policy = policy("");
    let level = |facts: &DataFacts| policy.level_of_found(facts);
    assert_eq!(level(&found(&[], &[], &[])), None);
    assert_eq!(level(&found(&name, &[], &[])), Some(Level::Internal));
    assert_eq!(level(&found(&name, &[], &name)), Some(Level::Confidential));
    let email = [Label::ContactEmailAddress];
    assert_eq!(level(&found(&email, &email, &email)), Some(Level::Restricted));
    let own = super::compile(&format!(
        "version: 1\nname: p\nsensitivity:\n  internal: [contact.*]\n  combinations: [{{ all_of: [person.name, contact.*], level: restricted }}]\n{TAIL}"
    ));
    let both = [Label::PersonName, Label::ContactEmailAddress];
    assert_eq!(own.level_of_found(&found(&both, &both, &both)), Some(Level::Restricted));
    assert_eq!(own.level_of_found(&found(&email, &email, &email)), Some(Level::Internal));
}

#[test]
fn what_is_only_likely_counts_as_the_policy_says() {
    let policy = policy(
        "sensitivity:\n  likely: { ignore: [contact.address], internal: [identity.passport] }\n",
    );
    let level =
        |labels: &[Label], certain: &[Label]| policy.level_of_found(&found(labels, certain, &[]));
    assert_eq!(level(&[Label::ContactAddress], &[]), None);
    assert_eq!(
        level(&[Label::ContactAddress], &[Label::ContactAddress]),
        Some(Level::Confidential)
    );
    assert_eq!(level(&[Label::IdentityPassport], &[]), Some(Level::Internal));
    let sure = [Label::IdentityPassport];
    assert_eq!(level(&sure, &sure), Some(Level::Restricted));
}

#[test]
fn masks_have_modes_and_the_strictest_holds() {
    let source = format!(
        "version: 1\nname: p\nlimits:\n  - {{ id: a, why: x, mask: contact.* }}\n  - {{ id: b, why: x, mask: {{ labels: contact.phone_number, mode: redact }} }}\n{TAIL}"
    );
    let world = World { masking: Masking::Available, ..world() };
    let policy = Policy::compile("policy.yaml", &source, &world).unwrap();
    let scenario = Scenario::ordinary(&policy);
    let decision = evaluate(&policy, &scenario.facts());
    let Outcome::Permit(permit) = decision.outcome else { panic!("refused") };
    assert_eq!(
        permit.mask.mode_of(Label::ContactEmailAddress, Confidence::Certain),
        Some(Mode::Reversible)
    );
    assert_eq!(
        permit.mask.mode_of(Label::ContactPhoneNumber, Confidence::Certain),
        Some(Mode::Redact)
    );
    assert_eq!(permit.mask.mode_of(Label::SecretJwt, Confidence::Certain), None);
    let mut facts = scenario.facts();
    facts.data.scan = crate::inspect::Scan::Partial;
    let decision = evaluate(&policy, &facts);
    let Outcome::Permit(permit) = decision.outcome else { panic!("refused") };
    assert_eq!(permit.clearances.len(), 1, "what was not read cannot be masked");
}

#[test]
fn each_tier_has_its_own_level_and_mask() {
    let source = format!(
        "version: 1\nname: p\nsensitivity:\n  certain: {{ restricted: [contact.phone_number], ignore: [person.name] }}\n  likely: {{ internal: [contact.phone_number] }}\nlimits:\n  - {{ id: a, why: x, mask: {{ labels: contact.*, mode: reversible, likely: redact }} }}\n  - {{ id: b, why: x, mask: {{ labels: person.*, mode: hash, likely: keep }} }}\n{TAIL}"
    );
    let world = World { masking: Masking::Available, ..world() };
    let policy = Policy::compile("policy.yaml", &source, &world).unwrap();
    let phone = [Label::ContactPhoneNumber];
    assert_eq!(policy.level_of_found(&found(&phone, &phone, &[])), Some(Level::Restricted));
    assert_eq!(policy.level_of_found(&found(&phone, &[], &[])), Some(Level::Internal));
    let name = [Label::PersonName];
    assert_eq!(policy.level_of_found(&found(&name, &name, &[])), None);
    assert_eq!(policy.level_of_found(&found(&name, &[], &[])), Some(Level::Internal));
    let scenario = Scenario::ordinary(&policy);
    let Outcome::Permit(permit) = evaluate(&policy, &scenario.facts()).outcome else {
        panic!("refused")
    };
    let mode = |label, confidence| permit.mask.mode_of(label, confidence);
    assert_eq!(mode(Label::ContactPhoneNumber, Confidence::Certain), Some(Mode::Reversible));
    assert_eq!(mode(Label::ContactPhoneNumber, Confidence::Likely), Some(Mode::Redact));
    assert_eq!(mode(Label::PersonName, Confidence::Certain), Some(Mode::Hash));
    assert_eq!(mode(Label::PersonName, Confidence::Likely), None);
}

#[test]
fn patterns_may_state_a_label() {
    let own = policy(
        "detect:\n  patterns:\n    - { name: badge, pattern: 'BX-\\d{4}', label: business.employee_id, validator: damm }\n",
    );
    let labels: Vec<Label> = own.detect().patterns.iter().map(CustomPattern::label).collect();
    assert_eq!(labels, [Label::BusinessEmployeeId]);
    let wrong = format!(
        "version: 1\nname: p\ndetect:\n  patterns:\n    - {{ name: a, pattern: b, label: business.badge }}\n{TAIL}"
    );
    let problems = Policy::compile("policy.yaml", &wrong, &world()).unwrap_err().to_string();
    assert!(problems.contains("policy.yaml:5:"), "{problems}");
}

#[test]
fn a_policy_names_kinds_of_its_own() {
    let own = policy(
        "detect:\n  labels: { acme.project_code: restricted, acme.customer: internal }\n  patterns:\n    - { name: code, pattern: 'PX-\\d{4}', label: acme.project_code }\n    - { name: customers, terms: [Initech, Hooli], label: acme.customer }\n  answers: [acme.*]\nlimits:\n  - { id: codes, why: Codes stay here, when: { data.labels: { any_of: acme.project_code } }, allow_zones: [on-host] }\n",
    );
    let [code, customer] = ["acme.project_code", "acme.customer"]
        .map(|name| Label::from_name(name).expect("declared"));
    assert_eq!((code.name(), code.category()), ("acme.project_code", "acme"));
    assert_eq!([own.level_of(code), own.level_of(customer)], [Level::Restricted, Level::Internal]);
    assert!(own.detect().answers.contains(code) && own.detect().answers.contains(customer));
    assert_eq!(
        own.level_of_found(&found(&[customer, code], &[code], &[])),
        Some(Level::Restricted)
    );
    let found = own.detect().patterns.iter().map(CustomPattern::label).collect::<Vec<_>>();
    assert_eq!(found, [code, customer]);
    // Where it is not declared, it is confidential, as files of terms may find it.
    assert_eq!(policy("").level_of(code), Level::Confidential);
}

#[test]
fn own_labels_are_declared_once_and_written_like_labels() {
    let many: Vec<String> = (0..33).map(|number| format!("many.kind_{number}: public")).collect();
    let declared = |labels: &str, rest: &str| {
        let source =
            format!("version: 1\nname: p\ndetect:\n  labels: {{ {labels} }}\n{rest}{TAIL}");
        Policy::compile("policy.yaml", &source, &world()).err().map(|wrong| wrong.to_string())
    };
    let undeclared = "  patterns: [{ name: a, pattern: b, label: acme.projct }]\n";
    for (labels, rest, says) in [
        ("acme: public", "", "category.kind"),
        ("Acme.Code: public", "", "category.kind"),
        ("acme.a.b: public", "", "category.kind"),
        ("contact.badge: public", "", "belongs to the built-in labels"),
        ("acme.code: secret", "", "secret"),
        (many.join(", ").as_str(), "", "more than 32 own labels"),
        ("acme.project: public", undeclared, "acme.project"),
        ("acme.project: public", "sensitivity: { internal: [acme.project] }\n", "both"),
        ("acme.project: public", "  patterns: [{ name: a, pattern: b, terms: [c] }]\n", "either"),
    ] {
        let wrong = declared(labels, rest).expect(labels);
        assert!(wrong.contains("policy.yaml:") && wrong.contains(says), "{wrong}");
    }
    assert_eq!(declared("acme.project: public", "sensitivity: { public: [acme.*] }\n"), None);
    assert!(Label::from_name("many.kind_0").is_none(), "a refused policy takes no places");
}

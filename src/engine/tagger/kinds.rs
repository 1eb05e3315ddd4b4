//! The kinds of a token classifier (`id2label`) and what they are called here.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::inspect::Label;

/// What common models call their kinds, in capitals without signs. Places are not among them: a
/// city's name is no address.
const KNOWN: &[(Label, &[&str])] = &[
    (
        Label::PersonName,
        &[
            "PER",
            "PERSON",
            "PERS",
            "NAME",
            "PERSONNAME",
            "PERSONALNAME",
            "FIRSTNAME",
            "MIDDLENAME",
            "LASTNAME",
            "GIVENNAME",
            "SURNAME",
            "FAMILYNAME",
            "PATIENT",
            "DOCTOR",
        ],
    ),
    (Label::ContactAddress, &["ADDRESS", "STREET", "STREETADDRESS", "SECONDARYADDRESS"]),
    (Label::ContactEmailAddress, &["EMAIL", "EMAILADDRESS"]),
    (Label::ContactPhoneNumber, &["PHONE", "PHONENUMBER", "TELEPHONENUM", "TELEPHONE"]),
    (Label::ContactAccountHandle, &["USERNAME"]),
    (Label::PersonDateOfBirth, &["DOB", "DATEOFBIRTH", "BIRTHDATE"]),
    (Label::SecretPassword, &["PASSWORD"]),
];
/// Most outputs of a classifier.
const OUTPUTS_MAX: usize = 1_000;

/// The outputs of a model: each is a kind, where it begins or goes on, or nothing.
#[derive(Debug)]
pub(super) struct Kinds {
    /// By output: the number of the kind, and whether it begins.
    outputs: Vec<(Option<usize>, bool)>,
    /// By kind.
    labels: Vec<Option<Label>>,
}

#[derive(Deserialize)]
struct About {
    id2label: Option<BTreeMap<String, String>>,
}

impl Kinds {
    /// Reads `id2label` of a `config.json`; `own` names come before the known ones.
    pub(super) fn read(
        config: &[u8],
        own: &BTreeMap<String, Option<Label>>,
    ) -> Result<Self, String> {
        let about: About = serde_json::from_slice(config)
            .map_err(|error| format!("`id2label` cannot be read: {error}"))?;
        let written = about.id2label.unwrap_or_default();
        if !(2..=OUTPUTS_MAX).contains(&written.len()) {
            return Err("it has no `id2label`, so it is no token classifier".to_owned());
        }
        let mut names: Vec<String> = Vec::new();
        let mut outputs = Vec::new();
        for output in 0..written.len() {
            let name = written
                .get(&output.to_string())
                .ok_or_else(|| format!("`id2label` has no name for output {output}"))?;
            let (begins, kind) = split(name);
            if kind == "O" {
                outputs.push((None, false));
                continue;
            }
            let known = names.iter().position(|known| known == kind);
            let number = known.unwrap_or_else(|| {
                names.push(kind.to_owned());
                names.len() - 1
            });
            outputs.push((Some(number), begins));
        }
        if let Some(stranger) = own.keys().find(|name| !names.contains(name)) {
            return Err(format!("it has no kind `{stranger}`; its kinds are {}", names.join(", ")));
        }
        let labels: Vec<Option<Label>> = names
            .iter()
            .map(|name| own.get(name).copied().unwrap_or_else(|| known_label(name)))
            .collect();
        if labels.iter().all(Option::is_none) {
            return Err(format!(
                "none of its kinds means anything here; say under `labels` what one of {} is",
                names.join(", ")
            ));
        }
        Ok(Self { outputs, labels })
    }

    /// How many outputs there are.
    pub(super) fn count(&self) -> usize {
        self.outputs.len()
    }

    /// The kind that an output says, and whether it begins there.
    pub(super) fn said(&self, output: usize) -> (Option<usize>, bool) {
        self.outputs.get(output).copied().unwrap_or_default()
    }

    /// What a kind is called here.
    pub(super) fn label(&self, kind: usize) -> Option<Label> {
        self.labels.get(kind).copied().flatten()
    }
}

/// `B-PER` begins a `PER`; `I-`, `E-`, `L-` and no sign go on; `S-` and `U-` stand alone.
fn split(name: &str) -> (bool, &str) {
    match name.split_once('-') {
        Some(("B" | "S" | "U", kind)) => (true, kind),
        Some(("I" | "E" | "L" | "M", kind)) => (false, kind),
        _ => (false, name),
    }
}

fn known_label(name: &str) -> Option<Label> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    KNOWN.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(label, _)| *label)
}

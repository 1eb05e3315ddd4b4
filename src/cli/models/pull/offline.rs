//! A model that somebody carried here: copied, checked and recorded as if it had been pulled.
//!
//! What the folder itself says about its digests is held against the files: a manifest of ours, a
//! `SHA256SUMS`, or the names that the hub's own cache gives its blobs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::stage::Stage;
use super::{PullError, PullOptions, Pulled, allow, finish};
use crate::engine::licence_of;
use crate::engine::manifest::Manifest;

/// Files that are no part of a model.
const OTHER: [&str; 2] = ["SHA256SUMS", crate::engine::manifest::FILE];

/// Imports a folder.
pub(super) fn import(
    options: &PullOptions,
    from: &Path,
    stage: &Stage,
) -> Result<Pulled, PullError> {
    let recorded = Manifest::read(from).map_err(PullError::disk(from))?;
    if let Some(other) = recorded.as_ref().filter(|it| it.name != options.name) {
        let reason = format!("the folder's manifest says that it is `{}`", other.name);
        return Err(PullError::Unusable { name: options.name.clone(), reason });
    }
    let revision = recorded.as_ref().map_or(&options.revision, |it| &it.revision).clone();
    if let Some(manifest) = stage.existing(&options.name, None)? {
        let folder = stage.folder().to_path_buf();
        return Ok(Pulled { folder, manifest, was_there: true });
    }
    let card = fs::read(from.join("README.md")).unwrap_or_default();
    let licence = recorded
        .as_ref()
        .map(|it| it.licence.clone())
        .or_else(|| licence_of(&String::from_utf8_lossy(&card)))
        .unwrap_or_else(|| "unknown".to_owned());
    allow(options, &licence)?;
    stage.begin(&options.name, &format!("offline {revision}"))?;
    let sums = sums(from);
    let mut files = Vec::new();
    for entry in fs::read_dir(from).map_err(PullError::disk(from))? {
        let path = entry.map_err(PullError::disk(from))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        // Through links: the hub's cache consists of them.
        if name.starts_with('.') || OTHER.contains(&name) || !path.is_file() {
            continue;
        }
        let copied = stage.copy(&path, name)?;
        let records = [
            ("its manifest", recorded.as_ref().and_then(|it| it.digest(name)).map(str::to_owned)),
            ("SHA256SUMS", sums.get(name).cloned()),
            ("the hub's cache", blob_name(&path)),
        ];
        for (record, expected) in records {
            if let Some(expected) = expected.filter(|expected| *expected != copied.sha256) {
                let (file, found) = (name.to_owned(), copied.sha256);
                return Err(PullError::Digest { file, record, expected, found });
            }
        }
        files.push(copied);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    finish(stage, Manifest { name: options.name.clone(), revision, licence, files })
}

/// The digests that `sha256sum` wrote down, by file.
fn sums(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join("SHA256SUMS")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(char::is_whitespace));
    lines
        .map(|(digest, name)| {
            let name = name.trim_start().trim_start_matches(['*', '.', '/']);
            (name.to_owned(), digest.to_lowercase())
        })
        .collect()
}

/// The digest in the name of the blob that a link of the hub's cache points to.
fn blob_name(path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    let name = target.file_name()?.to_str()?;
    let is_sha256 = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| name.to_owned())
}

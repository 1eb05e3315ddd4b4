//! `ambidex policy fmt`: one layout for every policy, with comments and order kept.

use std::fs;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::arguments::FmtArguments;
use crate::cli::CliError;
use crate::config::{PolicySource, Settings};
use crate::yaml;

/// The most lines times lines that are compared one by one.
const COMPARED_MAX: usize = 4_000_000;

/// Lays files out, or says which are not.
pub fn fmt(
    arguments: &FmtArguments,
    settings: &Settings,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut differing = 0;
    let mut wrong = String::new();
    for file in files(arguments, settings)? {
        let is_standard_input = file.as_os_str() == "-";
        let name = file.display().to_string();
        let text = if is_standard_input {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            text
        } else {
            fs::read_to_string(&file).with_context(|| name.clone())?
        };
        let laid_out = match yaml::lay_out(&name, &text) {
            Ok(laid_out) => laid_out,
            Err(problems) => {
                wrong = format!("{wrong}{problems}\n");
                continue;
            }
        };
        if arguments.check {
            if laid_out != text {
                differing += 1;
                difference(&name, (&text, &laid_out), out)?;
            }
        } else if is_standard_input {
            out.write_all(laid_out.as_bytes())?;
        } else if laid_out != text {
            fs::write(&file, &laid_out).with_context(|| name.clone())?;
            writeln!(out, "laid out {name}")?;
        }
    }
    if !wrong.is_empty() {
        return Err(CliError::Settings(wrong));
    }
    if differing > 0 {
        let help = "run `ambidex policy fmt`";
        return Err(anyhow!("{differing} file(s) are laid out otherwise; {help}").into());
    }
    Ok(())
}

/// The files that are meant: those of folders, or the configuration's policy.
fn files(arguments: &FmtArguments, settings: &Settings) -> Result<Vec<PathBuf>, CliError> {
    if arguments.files.is_empty() {
        return match &settings.policy {
            PolicySource::File(file) => Ok(vec![file.clone()]),
            PolicySource::Embedded => {
                let text = "error: there is no policy file here; name one, or `-`";
                Err(CliError::Settings(text.to_owned()))
            }
        };
    }
    let mut files = Vec::new();
    for file in &arguments.files {
        if file.is_dir() {
            files.extend(inside(file)?);
        } else {
            files.push(file.clone());
        }
    }
    Ok(files)
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let name = || folder.display().to_string();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(name)? {
        let file = entry.with_context(name)?.path();
        files
            .extend(file.extension().is_some_and(|it| it == "yaml" || it == "yml").then_some(file));
    }
    files.sort();
    Ok(files)
}

/// The lines that differ, as they are (`-`) and as they would be (`+`).
fn difference(
    name: &str,
    (before, after): (&str, &str),
    out: &mut impl Write,
) -> Result<(), CliError> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    writeln!(out, "{name}")?;
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let room = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(room).take_while(same).count();
    let old_part = old.get(head..old.len() - tail).unwrap_or_default();
    let new_part = new.get(head..new.len() - tail).unwrap_or_default();
    if old_part.is_empty() && new_part.is_empty() {
        writeln!(out, "  its last line does not end")?;
        return Ok(());
    }
    let mut number = head;
    for (sign, line) in changes(old_part, new_part) {
        number += usize::from(sign != '+');
        if sign != ' ' {
            writeln!(out, "{:>5} {sign} {line}", number.max(1))?;
        }
    }
    Ok(())
}

/// Each line with what becomes of it, by the longest common part.
fn changes<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    let all = |sign: char, lines: &[&'t str]| -> Vec<(char, &'t str)> {
        lines.iter().map(|line| (sign, *line)).collect()
    };
    if old.len().saturating_mul(new.len()) > COMPARED_MAX {
        return [all('-', old), all('+', new)].concat();
    }
    // The lengths of the longest common parts of what follows each pair of lines.
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; width * (old.len() + 1)];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, line) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let length = if line == other {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while let (Some(line), Some(other)) = (old.get(i), new.get(j)) {
        if line == other {
            changes.push((' ', *line));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            changes.push(('-', *line));
            i += 1;
        } else {
            changes.push(('+', *other));
            j += 1;
        }
    }
    changes.extend(all('-', old.get(i..).unwrap_or_default()));
    changes.extend(all('+', new.get(j..).unwrap_or_default()));
    changes
}

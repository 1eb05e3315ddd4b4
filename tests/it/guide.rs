//! Every file and every command of the policy guide, in its order, in one folder: what the guide shows
//! is what the program says. `…` in an output stands for the rest of a line, a line of it for lines.

use std::path::Path;
use std::process::{Child, Command, Stdio};

const GUIDE: &str = include_str!("../../docs/policy.md");

struct Block {
    language: String,
    /// The comments that stand before it.
    notes: Vec<String>,
    text: String,
}

fn blocks() -> Vec<Block> {
    let (mut blocks, mut notes) = (Vec::new(), Vec::new());
    let mut lines = GUIDE.lines();
    while let Some(line) = lines.next() {
        if let Some(note) = line.strip_prefix("<!-- ") {
            notes.push(note.trim_end_matches(" -->").to_owned());
        } else if let Some(language) = line.strip_prefix("```") {
            let text = lines.by_ref().take_while(|line| *line != "```");
            let text = text.flat_map(|line| [line, "\n"]).collect();
            blocks.push(Block {
                language: language.to_owned(),
                notes: std::mem::take(&mut notes),
                text,
            });
        }
    }
    blocks
}

/// Whether an output is like what the guide shows.
fn is_like(shown: &[&str], told: &[&str]) -> bool {
    match (shown.split_first(), told.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) => {
            (0..=told.len()).any(|skipped| is_like(rest, &told[skipped..]))
        }
        (Some((shown, shown_rest)), Some((told, told_rest))) => {
            line_is_like(shown, told) && is_like(shown_rest, told_rest)
        }
        _ => false,
    }
}

fn line_is_like(shown: &str, told: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = told.strip_prefix(parts.next().unwrap()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for part in &parts {
        let Some((_, after)) = rest.split_once(part.trim_start()) else { return false };
        rest = after;
    }
    rest.is_empty() || parts.last().is_some_and(|last| last.is_empty())
}

struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &Path) -> (Gateway, String) {
    use std::io::BufRead as _;
    let mut server = Command::new(env!("CARGO_BIN_EXE_ambidex"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--print-addresses")
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit_once("admin=").unwrap().1.to_owned();
    (Gateway(server), address)
}

#[test]
fn the_guide_shows_what_the_program_does() {
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_ambidex")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut gateway: Option<(Gateway, String)> = None;
    let mut commands = 0;
    for block in blocks() {
        let note = |name: &str| block.notes.iter().find_map(|note| note.strip_prefix(name));
        match block.language.as_str() {
            "yaml" => {
                let file = note("file: ").expect("every file of the guide has a name");
                std::fs::write(folder.path().join(file), &block.text).unwrap();
            }
            "console" => {
                if note("with a running gateway").is_some() {
                    gateway = Some(serve(folder.path()));
                }
                let exit = note("exit: ").map_or(0, |exit| exit.parse().unwrap());
                for command in block.text.split("$ ").skip(1) {
                    let (line, shown) = command.split_once('\n').unwrap();
                    let output = Command::new("sh")
                        .args(["-c", &format!("({line}) 2>&1")])
                        .current_dir(folder.path())
                        .env("PATH", &path)
                        .env("AMBIDEX_ADMIN", gateway.as_ref().map_or("", |it| it.1.as_str()))
                        .env_remove("OPENAI_API_KEY")
                        .output()
                        .unwrap();
                    let told = String::from_utf8(output.stdout).unwrap();
                    assert_eq!(output.status.code(), Some(exit), "{line}\n{told}");
                    let shown: Vec<&str> = shown.lines().collect();
                    let lines: Vec<&str> = told.lines().collect();
                    assert!(is_like(&shown, &lines), "{line}\nshown:\n{shown:#?}\ntold:\n{told}");
                    commands += 1;
                }
            }
            other => panic!("the guide has a block of `{other}` that nothing runs"),
        }
    }
    assert!(commands > 15, "{commands} commands were found");
}

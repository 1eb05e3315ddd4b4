//! A gateway as a process of its own, which can be killed.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// The process; it is killed with this.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub address: String,
    pub admin: String,
}

impl Process {
    /// Starts a gateway in a folder with an `ambidex.yaml`, and waits until it listens.
    pub fn start(folder: &Path) -> Self {
        Self::start_under(folder, &[])
    }

    /// The same, started by another command that becomes it.
    pub fn start_under(folder: &Path, under: &[&str]) -> Self {
        let gateway = env!("CARGO_BIN_EXE_ambidex");
        let mut command = match under.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(gateway);
                command
            }
            None => Command::new(gateway),
        };
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .arg("--print-addresses")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(
                std::fs::File::options()
                    .create(true)
                    .append(true)
                    .open(folder.join("log"))
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some((data, admin)) = line.trim().split_once(" admin=") else {
            let log = std::fs::read_to_string(folder.join("log")).unwrap();
            panic!("the gateway did not start: {line:?}\n{log}");
        };
        let address = data.rsplit_once('=').map_or(data, |(_, address)| address).to_owned();
        let admin = admin.to_owned();
        Self { child, address, admin }
    }

    /// What a budget for everyone has spent, by `/metrics`; 0 where it is not told.
    pub async fn spent(&self, client: &reqwest::Client, budget: &str) -> f64 {
        let page = client.get(format!("http://{}/metrics", self.admin)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let start = format!("ambidex_budget_spent_usd{{budget=\"{budget}\"");
        let line = page.lines().find(|line| line.starts_with(&start));
        line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its exit status.
    pub fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

/// Sends a chat request to a gateway. `None` if there was no answer.
pub async fn send(client: &reqwest::Client, address: &str, body: &Value) -> Option<super::Reply> {
    let sent = client
        .post(format!("http://{address}/v1/chat/completions"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .ok()?;
    let (status, headers) = (sent.status().as_u16(), sent.headers().clone());
    let body = sent.bytes().await.ok()?.to_vec();
    Some(super::Reply { status, headers, body })
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with patience for a loaded machine.
pub fn client() -> reqwest::Client {
    // A second installation changes nothing.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

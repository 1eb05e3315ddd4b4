//! The image and the compose file, as far as they can be tried without Docker: they name what is there, fit
//! together and with the defaults, and what they run in containers is run here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use ambidex::config::settings::{ADMIN_PORT, PORT};
use serde_json::Value;

use super::dashboards::SOURCE;

const DOCKERFILE: &str = "deploy/Dockerfile";
const COMPOSE: &str = "deploy/compose";

/// Instructions of a Dockerfile in order, each in one line.
fn instructions() -> Vec<(String, String)> {
    let text = fs::read_to_string(DOCKERFILE).unwrap().replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// What the instructions of one kind say.
fn all(word: &str) -> Vec<String> {
    let of_kind = instructions().into_iter().filter(|(kind, _)| kind == word);
    of_kind.map(|(_, rest)| rest).collect()
}

/// The last instruction of a kind, which is the one that counts, as a list of words.
fn command(word: &str) -> Vec<String> {
    let says = all(word).pop().unwrap();
    let (_, list) = says.split_once('[').unwrap();
    serde_json::from_str(&format!("[{list}"))
        .unwrap_or_else(|error| panic!("{word} {list}: {error}"))
}

fn gateway() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ambidex"))
}

/// Words that the program does not know are told before `--help` is.
fn is_understood(arguments: &[String]) {
    let output = gateway().args(arguments).arg("--help").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
}

#[test]
fn the_image_is_built_from_what_is_there() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let field = |name: &str| {
        let line = manifest.lines().find(|it| it.starts_with(&format!("{name} = "))).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let stages = all("FROM");
    let bases: Vec<&str> = stages.iter().map(|it| it.split(' ').next().unwrap()).collect();
    let [build, run] = bases.as_slice() else { panic!("{bases:?}") };
    // The compiler that the manifest asks for, and one C library for building and running.
    assert!(build.starts_with(&format!("rust:{}-", field("rust-version"))), "{build}");
    let release = |base: &str| base.split(['-', ':']).find(|it| *it == "bookworm").is_some();
    assert!(release(build) && release(run), "{bases:?}");

    let binary = format!("/src/target/release/{}", field("name"));
    for copied in all("COPY") {
        let words: Vec<&str> = copied.split(' ').collect();
        match words.as_slice() {
            [stage, from, to] if stage.starts_with("--from=") => {
                let stage = stage.trim_start_matches("--from=");
                assert!(stages[0].ends_with(&format!(" AS {stage}")), "{copied}");
                assert_eq!((*from, *to), (binary.as_str(), command("ENTRYPOINT")[0].as_str()));
            }
            [from, _to] => assert!(Path::new(from).exists(), "{copied}"),
            _ => panic!("{copied}"),
        }
    }
    assert_eq!(all("WORKDIR")[0], "/src");
    let runs = all("RUN");
    assert!(runs.iter().any(|it| it.starts_with("cargo build --release --locked")));
    for run in runs.iter().filter(|it| it.contains("apt-get")) {
        let is_tidy = ["--no-install-recommends", "install -y", "rm -rf /var/lib/apt/lists/*"];
        assert!(is_tidy.iter().all(|it| run.contains(it)), "{run}");
    }
    assert!(all("ADD").is_empty() && all("ENV").is_empty() && all("ARG").is_empty());
    for file in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
        assert!(Path::new(file).exists());
    }
}

#[test]
fn the_image_runs_as_nobody_special_on_the_ports_that_are_the_defaults() {
    let user: u32 = all("USER").pop().unwrap().parse().unwrap();
    assert!(user > 0);
    assert!(all("RUN").iter().any(|it| it.contains(&format!("--uid {user}"))));
    // The folder that it runs in is the user's own.
    let home = format!("--home-dir {}", all("WORKDIR").pop().unwrap());
    assert!(all("RUN").iter().any(|it| it.contains(&home)));
    let ports: BTreeSet<u16> =
        all("EXPOSE").iter().flat_map(|it| it.split(' ')).map(|it| it.parse().unwrap()).collect();
    assert_eq!(ports, BTreeSet::from([PORT, ADMIN_PORT]));
    is_understood(&command("CMD"));
}

/// Everything that a build reads reaches it.
#[test]
fn the_build_is_sent_what_it_reads() {
    let patterns = fs::read_to_string(".dockerignore").unwrap();
    let patterns: Vec<&str> =
        patterns.lines().filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    assert!(patterns.contains(&".git") && patterns.contains(&"target"), "{patterns:?}");
    let is_left_out = |path: &Path| {
        patterns.iter().any(|pattern| {
            let name = pattern.trim_start_matches("**/");
            let wild = name.split_once('*');
            let fits = |part: &str| match wild {
                Some((head, tail)) => {
                    let tails: Vec<&str> = tail.split('*').collect();
                    part.starts_with(head) && tails.iter().all(|it| part.contains(it))
                }
                None => part == name,
            };
            let mut parts = path.iter().map(|it| it.to_str().unwrap());
            if pattern.starts_with("**/") {
                parts.any(fits)
            } else {
                parts.next().is_some_and(fits)
            }
        })
    };
    assert!(is_left_out(Path::new("target/release/ambidex")));
    assert!(is_left_out(Path::new("ledger.db-wal")) && !is_left_out(Path::new("src/main.rs")));
    let mut read = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    for folder in ["src", "models", "policies", "benches", "examples"] {
        files(Path::new(folder), &mut read);
    }
    for path in read {
        assert!(!is_left_out(&path), "{} would be missing", path.display());
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true if name == "__pycache__" || name == "target" => {}
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

struct Compose(Value);

impl Compose {
    fn read() -> Self {
        let text = fs::read_to_string(Path::new(COMPOSE).join("docker-compose.yml")).unwrap();
        Self(serde_yaml::from_str(&text).unwrap())
    }

    fn services(&self) -> &serde_json::Map<String, Value> {
        self.0["services"].as_object().unwrap()
    }

    /// Where a service sees a file or folder of ours: place in the container, place here.
    fn mounts(&self, service: &str) -> BTreeMap<String, PathBuf> {
        let volumes = self.0["services"][service]["volumes"].as_array().into_iter().flatten();
        let mounts = volumes.map(|volume| {
            let volume = volume.as_str().unwrap();
            let [from, to, "ro"] = volume.split(':').collect::<Vec<_>>()[..] else {
                panic!("{service}: {volume} is not read-only")
            };
            (to.to_owned(), Path::new(COMPOSE).join(from))
        });
        mounts.collect()
    }

    /// What a path in a container is here.
    fn here(&self, service: &str, path: &str) -> PathBuf {
        let mounts = self.mounts(service);
        let found = mounts.iter().find_map(|(to, from)| {
            let rest = path.strip_prefix(to.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| from.join(rest.trim_matches('/')))
        });
        found.map_or_else(
            || panic!("{service} mounts nothing at {path}"),
            |path| {
                let path = PathBuf::from(path.to_str().unwrap().trim_end_matches('/'));
                assert!(path.exists(), "{service}: {}", path.display());
                path
            },
        )
    }

    /// The ports inside the container that are reachable from this machine, and from it only.
    fn ports(&self, service: &str) -> BTreeSet<u16> {
        let ports = self.0["services"][service]["ports"].as_array().into_iter().flatten();
        let inside = ports.map(|port| {
            let port = port.as_str().unwrap();
            assert!(port.starts_with("127.0.0.1:"), "{service}: {port} is open to the network");
            port.rsplit(':').next().unwrap().parse().unwrap()
        });
        inside.collect()
    }
}

#[test]
fn the_services_are_pinned_and_mount_and_wait_for_what_is_there() {
    let compose = Compose::read();
    let services = compose.services();
    assert_eq!(services.len(), 4);
    for (name, service) in services {
        if let Some(image) = service["image"].as_str() {
            let tag = image.rsplit_once(':').map(|(_, tag)| tag);
            let is_pinned = tag.is_some_and(|it| it.bytes().any(|it| it.is_ascii_digit()));
            assert!(is_pinned, "{name}: {image}");
        }
        for to in compose.mounts(name).keys() {
            compose.here(name, to);
        }
        compose.ports(name);
        let waits: Vec<&str> = match &service["depends_on"] {
            Value::Array(names) => names.iter().map(|it| it.as_str().unwrap()).collect(),
            Value::Object(names) => {
                let is_healthy = |it: &Value| it["condition"] == "service_healthy";
                // Only our image says whether it is well.
                assert!(names.iter().all(|(name, it)| name == "ambidex" && is_healthy(it)));
                names.keys().map(String::as_str).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        assert!(waits.iter().all(|it| services.contains_key(*it)), "{name}: {waits:?}");
    }
    let build = &services["ambidex"]["build"];
    let context = Path::new(COMPOSE).join(build["context"].as_str().unwrap());
    assert_eq!(context.canonicalize().unwrap(), Path::new(".").canonicalize().unwrap());
    assert_eq!(build["dockerfile"], DOCKERFILE);
    let ours = &services["ambidex"];
    assert!(ours["read_only"] == true && ours["cap_drop"][0] == "ALL");
    assert_eq!(compose.ports("ambidex"), BTreeSet::from([PORT, ADMIN_PORT]));
    let arguments: Vec<String> = serde_json::from_value(ours["command"].clone()).unwrap();
    is_understood(&arguments);
    for (option, port) in [("--listen", PORT), ("--admin-listen", ADMIN_PORT)] {
        let at = arguments.iter().position(|it| it == option).unwrap();
        assert_eq!(arguments[at + 1], format!("0.0.0.0:{port}"));
    }
}

#[test]
fn prometheus_and_grafana_find_each_other_and_their_files() {
    let compose = Compose::read();
    let read = |path: &Path| -> Value {
        serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let config = read(&compose.here("prometheus", "/etc/prometheus/prometheus.yml"));
    let target = config["scrape_configs"][0]["static_configs"][0]["targets"][0].as_str().unwrap();
    assert_eq!(target, format!("ambidex:{ADMIN_PORT}"));
    let rules = config["rule_files"].as_array().unwrap();
    let rules: Vec<PathBuf> =
        rules.iter().map(|it| compose.here("prometheus", it.as_str().unwrap())).collect();
    assert_eq!(rules.len(), 1);
    // The same with the rules where they are here, by Prometheus' own check.
    let mut local = config.clone();
    local["rule_files"] = serde_json::json!([rules[0].canonicalize().unwrap()]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    fs::write(&file, local.to_string()).unwrap();
    let checked = Command::new("promtool").args(["check", "config"]).arg(&file).output();
    let checked = checked.expect("promtool is missing: apt-get install prometheus");
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && told.contains("rules found"), "{told}");

    let provisioning = compose.here("grafana", "/etc/grafana/provisioning");
    let sources = read(&provisioning.join("datasources/prometheus.yml"));
    let source = &sources["datasources"][0];
    let ports = compose.ports("prometheus");
    let expected = format!("http://prometheus:{}", ports.first().unwrap());
    assert_eq!((&source["uid"], &source["url"]), (&SOURCE.into(), &expected.into()));
    let folders = read(&provisioning.join("dashboards/ambidex.yml"));
    let folder = folders["providers"][0]["options"]["path"].as_str().unwrap();
    assert_eq!(compose.here("grafana", folder), Path::new(COMPOSE).join("../grafana/dashboards"));
    let environment = &compose.services()["grafana"]["environment"];
    let home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str().unwrap();
    compose.here("grafana", home);
    for made in [&sources, &folders] {
        assert_eq!(made["apiVersion"], 1);
    }
}

/// The demonstration as the container runs it, but for its ports.
struct Demo {
    process: Child,
    data: String,
    admin: String,
    /// Held, because a program whose output nobody can take any more ends.
    _out: BufReader<ChildStdout>,
}

impl Demo {
    fn start(environment: &Value) -> Self {
        let variables = environment.as_object().unwrap();
        let mut process = gateway()
            .args(["demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .envs(variables.iter().map(|(name, value)| (name, value.as_str().unwrap())))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut data, mut admin) = (None, None);
        let mut out = BufReader::new(process.stdout.take().unwrap());
        for line in out.by_ref().lines() {
            let line = line.unwrap();
            let address = |word: &str| {
                let url = line.strip_prefix(word)?.trim().strip_prefix("http://")?;
                Some(url.split('/').next()?.to_owned())
            };
            data = data.or_else(|| address("gateway "));
            admin = admin.or_else(|| address("admin "));
            if admin.is_some() {
                break;
            }
        }
        Self { process, data: data.unwrap(), admin: admin.unwrap(), _out: out }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_containers_run_runs() {
    let compose = Compose::read();
    let demo = Demo::start(&compose.services()["ambidex"]["environment"]);

    // The image's health check, at the port that the demonstration has here.
    let check = command("HEALTHCHECK");
    let [shell, option, script] = check.as_slice() else { panic!("{check:?}") };
    assert!(script.contains(&format!("/127.0.0.1/{PORT} ")), "{script}");
    let port = demo.data.rsplit(':').next().unwrap();
    let is_well = |script: &str| {
        let run = Command::new(shell).args([option, script]).stderr(Stdio::null()).status();
        run.unwrap().success()
    };
    assert!(is_well(&script.replace(&format!("/{PORT} "), &format!("/{port} "))));
    assert!(!is_well(&script.replace(&format!("/{PORT} "), "/1 ")), "nobody listens there");
    let other = script.replace("/healthz", "/no-such-path");
    assert!(!is_well(&other.replace(&format!("/{PORT} "), &format!("/{port} "))));

    // One round of the load, sent here in place of the service's name.
    let load = fs::read_to_string(compose.here("load", "/load.sh")).unwrap();
    let sends = load.matches("    ask demo-").count();
    assert!(sends > 3 && load.contains(&format!("http://ambidex:{PORT}/v1/")), "{load}");
    let load = load
        .replace(&format!("http://ambidex:{PORT}"), &format!("http://{}", demo.data))
        .replace("sleep 2", "exit 0")
        .replace("-o /dev/null", "-o /dev/null -w '%{http_code}\\n'");
    let output = Command::new("sh").args(["-c", &load]).output().unwrap();
    let answered = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{answered}");
    assert_eq!(answered.lines().collect::<Vec<_>>(), vec!["200"; sends]);

    // Prometheus asks by the service's name, and reads what the load has left.
    let asked = crate::support::client()
        .get(format!("http://{}/metrics", demo.admin))
        .header("host", format!("ambidex:{ADMIN_PORT}"))
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    let metrics = asked.text().await.unwrap();
    assert!(metrics.contains("ambidex_cost_usd_total{"), "{metrics}");
}

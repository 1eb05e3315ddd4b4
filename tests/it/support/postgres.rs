//! A PostgreSQL server of the test's own, in a temporary folder, reachable through a socket there.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ambidex::record::{PostgresSettings, StoreSettings};
use ambidex::secret::Secret;
use tempfile::TempDir;

/// The server; it ends with this.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    server: Child,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let user = user();
        let chown = |path: &Path| {
            if let Some((uid, gid)) = user {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).unwrap();
            }
        };
        chown(folder.path());
        let data = folder.path().join("data");
        let made = as_user("initdb", user)
            .arg("--no-sync")
            .args(["--auth", "trust", "--username", "gateway", "--encoding", "UTF8"])
            .args(["--locale", "C", "--pgdata"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Self::serve(folder.path(), user);
        let postgres = Self { folder, server };
        postgres.wait();
        postgres
    }

    fn serve(folder: &Path, user: Option<(u32, u32)>) -> Child {
        as_user("postgres", user)
            .arg("-D")
            .arg(folder.join("data"))
            .arg("-k")
            .arg(folder)
            .args(["-h", "", "-c", "fsync=off", "-c", "max_connections=50"])
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn wait(&self) {
        let socket = self.folder.path().join(".s.PGSQL.5432");
        for _ in 0..1_000 {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok()
                && ambidex::record::keys::Keys::open(self.place(), ambidex::clock::now()).is_ok()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not start");
    }

    /// Ends the server as a power cut would, and starts it again.
    pub fn crash_and_restart(&mut self) {
        self.end();
        self.server = Self::serve(self.folder.path(), user());
        self.wait();
    }

    fn end(&mut self) {
        let pid = self.server.id().to_string();
        // Immediate shutdown: children end, nothing is flushed.
        let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        let _ = self.server.wait();
    }

    pub fn url(&self) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://gateway@{socket}/postgres")
    }

    /// The same as settings, with a short lease.
    pub fn place(&self) -> StoreSettings {
        StoreSettings::Postgres(PostgresSettings {
            url: Secret::new(self.url()),
            signing_key: std::env::temp_dir().join(format!("ambidex-{}.key", std::process::id())),
            lease: Duration::from_secs(1),
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
        if let StoreSettings::Postgres(settings) = self.place() {
            let _ = std::fs::remove_file(settings.signing_key);
        }
    }
}

/// The server refuses to run as root: then it is the package's user, or nobody.
fn user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    is_root.then(|| find("postgres").or_else(|| find("nobody")).expect("a user without rights"))
}

fn as_user(program: &str, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(find(program));
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// Debian keeps the server's programs out of the path.
fn find(program: &str) -> PathBuf {
    let path = std::env::var("PATH").unwrap_or_default();
    let in_path = path.split(':').map(|folder| Path::new(folder).join(program));
    let mut packaged: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(program)))
        .collect();
    packaged.sort();
    let found = packaged.into_iter().rev().chain(in_path).find(|path| path.exists());
    found.expect("PostgreSQL's server (Debian's package postgresql)")
}

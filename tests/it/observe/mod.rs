//! What people look at the gateway through: the table of metrics, the dashboards and alerts made on it,
//! and a real Prometheus that reads them.

mod alerts;
mod dashboards;
mod genai;
mod hygiene;
mod panels;
mod promql;
mod prometheus;
mod table;

use std::path::Path;

/// Compares a made file with the one in the repository; with `UPDATE=1` it is written instead.
fn is_current(path: &str, made: &str) {
    let path = Path::new(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == made, "{} is out of date: run this test with UPDATE=1", path.display());
}

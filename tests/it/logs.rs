//! Nothing of a prompt and no key reaches a log, a metric or the ledger.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::support::{KEY, Proxy, Say, UPSTREAM_KEY, Upstream, answer, chat, events, streamed};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What operators see of the requests.
async fn pages(proxy: &Proxy, decision: &str) -> Vec<(&'static str, Vec<u8>)> {
    let paths = ["/console", "/console/decisions", "/admin/api/decisions", "/admin/api/targets"];
    let mut paths: Vec<String> = paths.map(str::to_owned).to_vec();
    paths.push(format!("/console/decisions/{decision}"));
    paths.push(format!("/admin/api/decisions/{decision}"));
    let mut pages = Vec::new();
    for path in paths {
        let url = format!("http://{}{path}", proxy.gateway.admin_address);
        let page = proxy.client.get(url).send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        pages.push(("a page", page.bytes().await.unwrap().to_vec()));
    }
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_stays_in_the_request() {
    let captured = Captured::default();
    let filter = ambidex::telemetry::logs::filter("trace");
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(captured.clone());
    // The only test that sets it, and nextest gives every test its own process.
    let set = tracing::subscriber::set_global_default(subscriber.finish());

    let canary = "xylophone-quartz-8842";
    let upstream = Upstream::script([
        Say::Whole(200, answer(canary, 5, 5)),
        Say::Events(events(&[canary], Some((5, 5)))),
        Say::Cut(events(&[canary], None)[..1].to_vec()),
        Say::Whole(500, format!(r#"{{"error":"{canary}"}}"#)),
        Say::Whole(400, format!(r#"{{"error":{{"message":"{canary}"}}}}"#)),
    ])
    .await;
    let proxy = Proxy::start(&upstream).await;
    let (mut everything, mut decisions) = (Vec::new(), Vec::new());
    let prompt = format!("Write a poem about {canary}");
    for body in [chat(&prompt), streamed(&prompt), streamed(&prompt), chat(&prompt), chat(&prompt)]
    {
        let reply = proxy.send(&body).await;
        assert!(!reply.decision().is_empty());
        decisions.push(reply.decision().to_owned());
        // What an upstream says to a caller whose request it refuses is handed on to that caller.
        if reply.status >= 500 {
            everything.push(("an error's body", reply.body));
        }
    }
    let mut named = chat(&format!("{prompt} 4111 1111 1111 1111"));
    named["model"] = format!("{canary} is a model").into();
    let refused = proxy.send(&named).await;
    let malformed = proxy.send_raw(format!("{{\"{canary}\"").into_bytes()).await;
    let url = proxy.url(&format!("/v1/{canary}"));
    let nowhere = proxy.client.get(url).bearer_auth(canary).send().await.unwrap();
    everything.push(("an error's body", nowhere.bytes().await.unwrap().to_vec()));
    for reply in [refused, malformed] {
        if reply.status != 200 {
            everything.push(("an error's body", reply.body));
        }
    }
    everything.push(("the metrics", proxy.metrics().await.into_bytes()));
    everything.extend(pages(&proxy, &decisions[0]).await);
    proxy.rows().await;
    let folder = proxy.stop().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        everything.push(("the ledger", std::fs::read(entry.unwrap().path()).unwrap()));
    }
    if set.is_ok() {
        let logs = captured.0.lock().unwrap().clone();
        let lines = String::from_utf8_lossy(&logs).into_owned();
        let requests = lines.lines().filter(|line| line.contains("ambidex::request"));
        let requests: Vec<&str> = requests.collect();
        for decision in &decisions {
            let mine = requests.iter().filter(|line| line.contains(decision.as_str())).count();
            assert_eq!(mine, 1, "a request has one line: {lines}");
        }
        assert_eq!(requests.len(), decisions.len() + 3, "{requests:?}");
        everything.push(("the logs", logs));
    }
    for (place, bytes) in everything {
        for secret in [canary, KEY, UPSTREAM_KEY, "4111 1111", "41111111"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "`{secret}` is in {place}");
        }
    }
    assert!(upstream.seen().iter().all(|seen| !seen.head.contains(KEY)), "the caller's key left");
}

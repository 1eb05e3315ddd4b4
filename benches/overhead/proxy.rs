//! The least that a proxy on our libraries can do: hyper in, hyper out, nothing in between. The
//! benchmark `run.sh` compares the gateway with it and with nginx.
//!
//! `proxy LISTEN UPSTREAM`, both `ADDRESS:PORT`; one thread.
#![expect(clippy::print_stderr, reason = "a bench reports to its reader")]
#![expect(clippy::disallowed_methods, reason = "it is killed when the measurement is over")]

use std::io;

use hyper::body::Incoming;
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::client::legacy::{Client, Error, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

type Upstream = Client<HttpConnector, Incoming>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    // `cargo bench` calls every bench target, and with an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let [listen, upstream] = arguments.as_slice() else {
        eprintln!("started by benches/overhead/run.sh");
        return Ok(());
    };
    let authority: Authority = upstream.parse().map_err(io::Error::other)?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Upstream = Client::builder(TokioExecutor::new()).build(connector);
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (client, authority) = (client.clone(), authority.clone());
        tokio::spawn(async move {
            let forward = service_fn(|request| forward(&client, &authority, request));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), forward);
            // The load closes its connections when its time is up.
            let _ = served.await;
        });
    }
}

async fn forward(
    client: &Upstream,
    authority: &Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Error> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = target(authority, path);
    client.request(request).await
}

fn target(authority: &Authority, path: Option<PathAndQuery>) -> Uri {
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = path.or_else(|| Some(PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or_default()
}

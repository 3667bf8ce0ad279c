//! The way of a request: from the client to the node and back.

use super::{
    Shared,
    answer::{Answer, change, instead},
    fault::{Fault, Strike},
    request::Asked,
};
use crate::lock;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Uri,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header,
    http::request,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{
    convert::Infallible,
    fmt,
    net::TcpListener,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{sync::oneshot, time::sleep};

/// Headers that belong to a connection and not to what goes through it, and those that are made anew.
const OWN_HEADERS: [header::HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    // An answer that is compressed can't be changed.
    header::ACCEPT_ENCODING,
];

/// What a proxy knows of its node.
struct Upstream {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    shared: Arc<Shared>,
}

/// Listens until `stopped` fires or its sender is gone.
pub(super) async fn serve(shared: Arc<Shared>, url: String, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    let mut connector = HttpConnector::new();
    // What is written is complete: nothing is gained by waiting for more, and up to 40 ms are lost.
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    tokio::spawn(listen(Arc::new(Upstream { client, url, shared }), listener));
    // Leaving drops the runtime, and with it every task. That the sender is gone is the signal.
    let _ = stopped.await;
}

async fn listen(upstream: Arc<Upstream>, listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        // A connection that fails is its client's loss.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(Arc::clone(&upstream), stream));
    }
}

/// Serves a connection to its end.
async fn connection(upstream: Arc<Upstream>, stream: tokio::net::TcpStream) {
    let resets = AtomicBool::new(false);
    let service = service_fn(|request| {
        let (upstream, resets) = (&upstream, &resets);
        async move {
            let answer = answer(upstream, request).await;
            resets.store(matches!(answer, Err(Abort::Reset)), Ordering::Relaxed);
            answer
        }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // How it ends is the client's affair.
    let _ = Pin::new(&mut connection).await;
    let stream = connection.into_parts().io.into_inner();
    if resets.load(Ordering::Relaxed) {
        // Closing resets then.
        let _ = stream.set_zero_linger();
    }
}

/// The end of a connection without an answer.
#[derive(Debug)]
enum Abort {
    Close,
    Reset,
}

impl fmt::Display for Abort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a fault ends the connection")
    }
}

impl std::error::Error for Abort {}

/// Takes a request and answers it, or not.
async fn answer(upstream: &Upstream, request: Request<Incoming>) -> Result<Response<Payload>, Abort> {
    let shared = &upstream.shared;
    let ticket = shared.group.arrive();
    let (head, body) = request.into_parts();
    // The client went away.
    let body = body.collect().await.map_err(|_| Abort::Close)?.to_bytes();
    let asked = Asked::read(&head.method, &head.uri, &body);
    shared.count_request(&asked, body.len());
    let (latency, strikes) = {
        let mut plan = lock(&shared.plan);
        (plan.latency(), plan.strikes(&asked))
    };
    // Even the shortest sleep is one of a millisecond.
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let payload = suffer(upstream, head, body, &asked, &strikes).await;
    let told = payload.as_ref().map_or(0, |(_, payload)| payload.data.len());
    lock(&shared.counts).bytes_out += told as u64;
    shared.group.answer(&ticket);
    let (answer, payload) = payload?;
    let mut response = Response::new(payload);
    (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
    Ok(response)
}

/// The answer that is left of the node's when all faults have had their way.
async fn suffer(
    upstream: &Upstream,
    head: request::Parts,
    body: Bytes,
    asked: &Asked,
    strikes: &[Strike],
) -> Result<(Answer, Payload), Abort> {
    let count = |strike: &Strike| upstream.shared.count_fault(&strike.rule.fault);
    for strike in strikes {
        match strike.rule.fault {
            Fault::Late(delay) => {
                count(strike);
                sleep(delay).await;
            }
            Fault::Silent => {
                count(strike);
                std::future::pending::<Infallible>().await;
            }
            Fault::Closed | Fault::Reset => {
                count(strike);
                return Err(if strike.rule.fault == Fault::Reset { Abort::Reset } else { Abort::Close });
            }
            _ => {
                if let Some(answer) = instead(strike, asked) {
                    count(strike);
                    let payload = Payload::whole(answer.body.clone());
                    return Ok((answer, payload));
                }
            }
        }
    }
    let mut answer = forward(upstream, head, body).await;
    strikes.iter().filter(|strike| change(strike, asked, &mut answer)).for_each(count);
    let cut = strikes.iter().find(|strike| strike.rule.fault == Fault::Cut && !answer.body.is_empty());
    cut.into_iter().for_each(count);
    let payload = match cut {
        Some(_) => Payload::half(answer.body.clone()),
        None => Payload::whole(answer.body.clone()),
    };
    Ok((answer, payload))
}

/// Asks the node. If that fails, it is a bad gateway's answer, as of any proxy.
async fn forward(upstream: &Upstream, head: request::Parts, body: Bytes) -> Answer {
    let bad_gateway = |why: &dyn fmt::Display| {
        Answer::new(StatusCode::BAD_GATEWAY, "text/plain", format!("{} does not answer: {why}\n", upstream.url))
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    // A node's URL may end in a path, which a client doesn't know that talks to us.
    let path = if path == "/" && upstream.url.matches('/').count() > 2 { "" } else { path };
    let uri: Uri = match format!("{}{path}", upstream.url).parse() {
        Ok(uri) => uri,
        Err(error) => return bad_gateway(&error),
    };
    let mut request = Request::new(Full::from(body));
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (head.method, uri, passed_on(head.headers));
    let (head, body) = match upstream.client.request(request).await {
        Ok(response) => response.into_parts(),
        Err(error) => return bad_gateway(&error),
    };
    match body.collect().await {
        Ok(body) => Answer { status: head.status, headers: passed_on(head.headers), body: body.to_bytes() },
        Err(error) => bad_gateway(&error),
    }
}

fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for name in OWN_HEADERS {
        headers.remove(name);
    }
    headers
}

/// An answer's body: all that was promised, or less.
struct Payload {
    data: Bytes,
    missing: u64,
    /// What there is has had its chance to be written.
    flushed: bool,
}

impl Payload {
    fn whole(data: Bytes) -> Self {
        Self { data, missing: 0, flushed: false }
    }

    fn half(mut data: Bytes) -> Self {
        let missing = data.split_off(data.len() / 2).len() as u64;
        Self { data, missing, flushed: false }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Abort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Abort>>> {
        if !self.data.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.data)))));
        }
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        // An error drops what isn't written yet, and it is written when the body has nothing more to say for a while.
        if !std::mem::replace(&mut self.flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Abort::Close)))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.missing == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.len() as u64 + self.missing)
    }
}

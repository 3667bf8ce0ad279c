use super::{Endpoint, Node, beacon, rpc};
use crate::lock;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{convert::Infallible, net::TcpListener, sync::Arc};
use tokio::sync::oneshot;

/// Bytes of a request at most.
const REQUEST_LIMIT: usize = 16 << 20;

/// Answers on all listeners until `stopped` fires or its sender is gone.
pub(super) async fn serve(node: Arc<Node>, listeners: [TcpListener; 4], stopped: oneshot::Receiver<()>) {
    for (endpoint, listener) in Endpoint::ALL.into_iter().zip(listeners) {
        tokio::spawn(listen(Arc::clone(&node), endpoint, listener));
    }
    // Leaving drops the runtime, and with it every task. That the sender is gone is the signal.
    let _ = stopped.await;
}

async fn listen(node: Arc<Node>, endpoint: Endpoint, listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        // A connection that fails is its client's loss.
        let Ok((stream, _)) = listener.accept().await else { continue };
        // What is written is complete: nothing is gained by waiting for more, and up to 40 ms are lost.
        let _ = stream.set_nodelay(true);
        let node = Arc::clone(&node);
        let service = service_fn(move |request| answer(Arc::clone(&node), endpoint, request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    node: Arc<Node>,
    endpoint: Endpoint,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    lock(&node.calls).entry(endpoint).or_default().requests += 1;
    let (head, body) = request.into_parts();
    let (status, body) = if endpoint == Endpoint::Beacon {
        match head.method {
            Method::GET => beacon::answer(&node, head.uri.path(), head.uri.query().unwrap_or_default()),
            _ => beacon::refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET"),
        }
    } else {
        match Limited::new(body, REQUEST_LIMIT).collect().await {
            Ok(body) => (StatusCode::OK, rpc::answer(&node, endpoint, &body.to_bytes())),
            Err(_) => (StatusCode::PAYLOAD_TOO_LARGE, Value::Null),
        }
    };
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

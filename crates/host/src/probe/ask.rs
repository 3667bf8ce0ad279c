//! One question to one node, in bounded time.

use super::{Endpoint, RpcError, SourceKind, Status};
use crate::{
    meter::Meter,
    rpc::{self, Limits, repeatable},
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Troubles that a probe bears: one may be chance.
const ATTEMPTS: u32 = 2;
/// Asks one URL.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) kind: SourceKind,
    pub(super) node: String,
    pub(super) limits: Limits,
    url: Url,
    http: Endpoint,
}

impl Asker {
    pub(super) fn new(kind: SourceKind, url: Url, limits: Limits) -> Result<Self, reqwest::Error> {
        let http = Endpoint::new(kind, vec![url.clone()], limits, Arc::default())?;
        Ok(Self { kind, node: rpc::label(&url), limits, url, http: http.giving_up_after(ATTEMPTS) })
    }

    /// The node as an endpoint of its own, which gives up. For what is asked directly, without any knowledge of before.
    pub(super) const fn shared(&self) -> &Endpoint {
        &self.http
    }

    /// Another one, with nothing known yet and its own count.
    pub(super) fn endpoint(&self) -> (Endpoint, Arc<Meter>) {
        let meter = Arc::new(Meter::default());
        let endpoint = Endpoint::new(self.kind, vec![self.url.clone()], self.limits, Arc::clone(&meter));
        (endpoint.expect("one was made before").giving_up_after(ATTEMPTS), meter)
    }

    /// The answer, or what came of it instead.
    pub(super) async fn ask<T>(&self, question: impl Future<Output = Result<T, RpcError>>) -> Result<T, Status> {
        // The endpoint's own time-out is for one request, and a question may be several.
        let bound = self.limits.timeout + Duration::from_secs(1);
        match tokio::time::timeout(bound, question).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(RpcError::Unsupported { .. })) => Err(Status::Missing),
            Ok(Err(RpcError::Refused { reason, .. })) => Err(Status::Refused(reason)),
            Ok(Err(RpcError::Trouble { reason, .. })) => Err(Status::Silent(reason)),
            Err(_) => Err(Status::Silent(format!("no answer in {} s", bound.as_secs()))),
        }
    }

    /// Only what came of it.
    pub(super) async fn status<T>(&self, question: impl Future<Output = Result<T, RpcError>>) -> Status {
        self.ask(question).await.map_or_else(|status| status, |_| Status::Works)
    }

    /// What the node said as it may be shown.
    pub(super) fn repeatable(&self, said: &str) -> String {
        repeatable(&self.url, said)
    }
}

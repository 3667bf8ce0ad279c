//! One question to one node, in bounded time, and what may be repeated of its answer.

use super::{Endpoint, RpcError, SourceKind, Status};
use crate::{
    meter::Meter,
    rpc::{self, Limits},
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Troubles that a probe bears: one may be chance.
const ATTEMPTS: u32 = 2;
/// Characters of an answer that are repeated at most.
const LONGEST: usize = 160;
/// Parts of a URL that are shorter are no keys.
const SHORTEST_KEY: usize = 6;

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
            Ok(Err(RpcError::Refused { reason, .. })) => Err(Status::Refused(self.repeatable(&reason))),
            Ok(Err(RpcError::Trouble { reason, .. })) => Err(Status::Silent(self.repeatable(&reason))),
            Err(_) => Err(Status::Silent(format!("no answer in {} s", bound.as_secs()))),
        }
    }

    /// Only what came of it.
    pub(super) async fn status<T>(&self, question: impl Future<Output = Result<T, RpcError>>) -> Status {
        self.ask(question).await.map_or_else(|status| status, |_| Status::Works)
    }

    /// What a node said as it may be shown: servers like to repeat the path that they don't know, keys and all, and a
    /// terminal obeys control characters.
    pub(super) fn repeatable(&self, said: &str) -> String {
        let queries: Vec<String> = self.url.query_pairs().map(|(_, value)| value.into_owned()).collect();
        let raw_query = self.url.query().unwrap_or_default().split(['&', '=']);
        let userinfo = [self.url.username(), self.url.password().unwrap_or_default()];
        let parts = self.url.path_segments().into_iter().flatten().chain(raw_query).chain(userinfo);
        let mut parts: Vec<&str> = parts.chain(queries.iter().map(String::as_str)).collect();
        parts.retain(|part| part.len() >= SHORTEST_KEY);
        // One may be part of another.
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let hidden = parts.iter().fold(said.to_owned(), |said, part| said.replace(part, "…"));
        let printable = hidden.chars().map(|char| if char.is_control() { ' ' } else { char }).collect::<String>();
        let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(url: &str) -> Asker {
        Asker::new(SourceKind::L1, url.parse().unwrap(), Limits::default()).unwrap()
    }

    #[test]
    fn what_a_url_hides_is_not_repeated() {
        let asker = asker("https://user:password@node.example/v3/0123456789abcdef?apikey=s3cr3t%2Bkey");
        assert_eq!(asker.node, "node.example");
        let said = "Cannot GET /v3/0123456789abcdef/eth/v1?apikey=s3cr3t%2Bkey (s3cr3t+key) of user:password";
        assert_eq!(asker.repeatable(said), "Cannot GET /v3/…/eth/v1?…=… (…) of user:…");
    }

    #[test]
    fn what_is_repeated_is_one_short_line() {
        let asker = asker("http://127.0.0.1:1");
        assert_eq!(asker.repeatable("<html>\n\u{1b}[31mred\t\r\n</html>"), "<html> [31mred </html>");
        assert_eq!(asker.repeatable(&"ä".repeat(1000)).chars().count(), LONGEST + 1);
    }
}

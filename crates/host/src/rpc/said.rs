//! What may be shown of a node and of what it says: URLs hold keys, and servers like to repeat them.

use url::Url;

/// Characters of an answer that are repeated at most.
const LONGEST: usize = 160;
/// Parts of a URL that are shorter are no keys.
const SHORTEST_KEY: usize = 6;

/// What may be said of a URL: where the node is, but neither user, path nor query.
pub fn label(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a node said as it may be shown, on one line: servers like to repeat the path that they don't know, keys and all,
/// and a terminal obeys control characters.
pub fn repeatable(url: &Url, said: &str) -> String {
    let queries: Vec<String> = url.query_pairs().map(|(_, value)| value.into_owned()).collect();
    let raw_query = url.query().unwrap_or_default().split(['&', '=']);
    let userinfo = [url.username(), url.password().unwrap_or_default()];
    let parts = url.path_segments().into_iter().flatten().chain(raw_query).chain(userinfo);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_hides_is_not_repeated() {
        let url: Url = "https://user:password@node.example/v3/0123456789abcdef?apikey=s3cr3t%2Bkey".parse().unwrap();
        assert_eq!(label(&url), "node.example");
        let said = "Cannot GET /v3/0123456789abcdef/eth/v1?apikey=s3cr3t%2Bkey (s3cr3t+key) of user:password";
        assert_eq!(repeatable(&url, said), "Cannot GET /v3/…/eth/v1?…=… (…) of user:…");
    }

    #[test]
    fn what_is_repeated_is_one_short_line() {
        let url: Url = "http://127.0.0.1:1".parse().unwrap();
        assert_eq!(repeatable(&url, "<html>\n\u{1b}[31mred\t\r\n</html>"), "<html> [31mred </html>");
        assert_eq!(repeatable(&url, &"ä".repeat(1000)).chars().count(), LONGEST + 1);
    }
}

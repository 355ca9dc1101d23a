//! Requests to the pages of parts, over loopback.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The body of a page.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = timeout(PATIENCE, exchange(address, &request)).await;
    let answer = answer.with_context(|| format!("http://{address}{path}: no answer within {PATIENCE:?}"))?;
    body(&answer.with_context(|| format!("http://{address}{path}"))?).with_context(|| format!("http://{address}{path}"))
}

async fn exchange(address: SocketAddr, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn body(answer: &str) -> anyhow::Result<String> {
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        bail!("status {status}: {}", body.trim());
    }
    Ok(body.to_owned())
}

/// The sum of a metric over all its labels; `None` if there is no such metric.
pub fn metric(page: &str, name: &str) -> Option<f64> {
    let values = page.lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let found = series.split('{').next()?;
        (found == name).then(|| value.parse::<f64>().ok()).flatten()
    });
    values.reduce(|sum, value| sum + value)
}

/// How long a part of this machine may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest answer that is read.
const MAX_ANSWER: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_is_summed_over_its_labels() {
        let page = "# HELP a x\na{p=\"1\"} 2\na{p=\"2\"} 3.5\nab 7\n";

        assert_eq!(metric(page, "a"), Some(5.5));
        assert_eq!(metric(page, "ab"), Some(7.0));
        assert_eq!(metric(page, "b"), None);
    }

    #[test]
    fn only_a_success_has_a_body() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}").expect("a body"), "{}");
        assert!(body("HTTP/1.1 503 No\r\n\r\ndraining\n").is_err());
        assert!(body("RTMP").is_err());
    }
}

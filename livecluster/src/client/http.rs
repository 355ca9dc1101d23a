//! One request over HTTP, and its answer in JSON.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Why there is no answer, or what it says.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Nobody is there.
    #[error("no cluster at {address}: {error}; see the line that `livecluster local` prints, or start it")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The connection broke.
    #[error("{address} did not answer: {error}")]
    Lost {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The answer is not what a cluster says.
    #[error("{0} is not a local cluster")]
    Strange(SocketAddr),
    /// The cluster's own words.
    #[error("{0}")]
    Refused(String),
}

/// Looks at a page.
pub fn get(address: SocketAddr, path: &str) -> Result<Value, Failed> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    parse(address, &exchange(address, &head)?)
}

/// Asks for something and waits until it is done, however long that takes.
pub fn post(address: SocketAddr, path: &str, body: &Value) -> Result<Value, Failed> {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let message = format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    parse(address, &exchange(address, &message)?)
}

fn exchange(address: SocketAddr, message: &str) -> Result<String, Failed> {
    let connected = TcpStream::connect_timeout(&address, PATIENCE);
    let mut stream = connected.map_err(|error| Failed::Unreachable { address, error })?;
    let lost = |error| Failed::Lost { address, error };
    stream.write_all(message.as_bytes()).map_err(lost)?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_LEN).read_to_string(&mut answer).map_err(lost)?;
    Ok(answer)
}

/// The body, if the request was done; else what it says of the reason.
fn parse(address: SocketAddr, answer: &str) -> Result<Value, Failed> {
    let strange = || Failed::Strange(address);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(strange)?;
    let is_done = head.split_whitespace().nth(1) == Some("200");
    let body: Value = serde_json::from_str(body).map_err(|_| strange())?;
    if is_done {
        return Ok(body);
    }
    Err(body["error"].as_str().map_or_else(strange, |error| Failed::Refused(error.to_owned())))
}

/// How long a connection may take to be made.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer that is longer is cut.
const MAX_ANSWER_LEN: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(answer: &str) -> Result<Value, String> {
        parse(SocketAddr::from(([127, 0, 0, 1], 80)), answer).map_err(|failed| failed.to_string())
    }

    #[test]
    fn answer_is_its_body() {
        assert_eq!(parsed("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"a\":1}"), Ok(serde_json::json!({"a": 1})));
    }

    #[test]
    fn refusal_is_told_in_the_words_of_the_cluster() {
        assert_eq!(parsed("HTTP/1.1 409 Conflict\r\n\r\n{\"error\":\"no\"}"), Err("no".to_owned()));
    }

    #[test]
    fn answer_of_something_else_is_told() {
        for answer in ["", "SSH-2.0", "HTTP/1.1 200 OK\r\n\r\n<html>", "HTTP/1.1 404 Not Found\r\n\r\n"] {
            assert_eq!(parsed(answer), Err("127.0.0.1:80 is not a local cluster".to_owned()), "{answer}");
        }
    }
}

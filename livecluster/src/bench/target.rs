//! Where a bench connects to: a URL with a place for the number of the stream.

use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::lookup_host;

use super::Error;
use super::connection::{Connection, Lost};

/// `rtmp://host:port/app/stream{n}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: String,
    host: String,
    port: u16,
    app: String,
    stream: String,
}

impl Target {
    /// The application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The URL up to the application.
    pub fn tc_url(&self) -> String {
        let Self { host, port, app, .. } = self;
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        format!("rtmp://{host}:{port}/{app}")
    }

    /// The name of stream `number`.
    pub fn stream(&self, number: u32) -> String {
        self.stream.replace(PLACE, &number.to_string())
    }

    /// The same stream at another application. An error says what is wrong with the URL of that.
    pub fn at(&self, tc_url: &str) -> Result<Self, &'static str> {
        let (host, port, app) = parse_application(tc_url)?;
        if app.is_empty() {
            return Err("its application has no name");
        }
        let url = format!("{tc_url}/{}", self.stream);
        Ok(Self { url, host: host.to_owned(), port, app: app.to_owned(), stream: self.stream.clone() })
    }

    /// Refuses several streams under one name.
    fn check_streams(&self, streams: u32) -> Result<(), Error> {
        if streams > 1 && !self.stream.contains(PLACE) {
            return Err(Error::Arguments(format!(
                "{streams} streams need a place for their number: {}{PLACE}",
                self.url
            )));
        }
        Ok(())
    }

    /// The first of the host's addresses that lets a client connect; that client leaves at once.
    pub async fn reach(&self) -> Result<SocketAddr, Error> {
        let opened = self.open_first(false).await;
        let (_, address) = opened.map_err(|lost| Error::Unreachable { url: self.url.clone(), lost })?;
        Ok(address)
    }

    /// Connects to the first of the host's addresses that lets a client in, one that `moves` when it is asked to.
    pub async fn open(&self, moves: bool) -> Result<Connection, Lost> {
        Ok(self.open_first(moves).await?.0)
    }

    async fn open_first(&self, moves: bool) -> Result<(Connection, SocketAddr), Lost> {
        let mut lost = Lost::Closed;
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            match Connection::open(address, self, moves).await {
                Ok(connection) => return Ok((connection, address)),
                Err(error) => lost = error,
            }
        }
        Err(lost)
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (host, port, path) = parse_application(url)?;
        let (app, stream) = split_stream(path).ok_or("it has no stream")?;
        if app.is_empty() || stream.is_empty() {
            return Err("its application or its stream has no name");
        }
        Ok(Self { url: url.to_owned(), host: host.to_owned(), port, app: app.to_owned(), stream: stream.to_owned() })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.url)
    }
}

/// Refuses targets that so many streams can't have, and several for clients of which none `moves`.
pub fn check(targets: &[Target], streams: u32, moves: bool) -> Result<(), Error> {
    if targets.len() > 1 && !moves {
        return Err(Error::Arguments("only with --reconnect there is a use for several URLs".to_owned()));
    }
    targets.iter().try_for_each(|target| target.check_streams(streams))
}

/// Several of them in a line.
pub fn urls(targets: &[Target]) -> String {
    targets.iter().map(Target::to_string).collect::<Vec<_>>().join(" ")
}

/// Takes a URL apart: host, port, and what follows them.
fn parse_application(url: &str) -> Result<(&str, u16, &str), &'static str> {
    let rest = url.strip_prefix("rtmp://").ok_or("it does not begin with rtmp://")?;
    let (authority, path) = rest.split_once('/').ok_or("it has no application")?;
    let (host, port) = parse_authority(authority)?;
    Ok((host, port, path))
}

/// Splits the stream off behind the last slash in front of the query.
fn split_stream(path: &str) -> Option<(&str, &str)> {
    let name = path.split('?').next().unwrap_or_default();
    let slash = name.rfind('/')?;
    Some((path.get(..slash)?, path.get(slash + 1..)?))
}

fn parse_authority(authority: &str) -> Result<(&str, u16), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("its address has no ]")?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return Err("it has no host");
    }
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| "its port is no number")?,
        None if port.is_empty() => DEFAULT_PORT,
        None => return Err("its port is no number"),
    };
    Ok((host, port))
}

/// What the number of a stream stands for in a URL.
const PLACE: &str = "{n}";
/// The port of RTMP.
const DEFAULT_PORT: u16 = 1935;

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        url.parse().unwrap()
    }

    #[test]
    fn url_is_taken_apart() {
        let target = target("rtmp://media.example:1936/live/cam{n}?key=a/b");

        assert_eq!(target.app(), "live");
        assert_eq!(target.tc_url(), "rtmp://media.example:1936/live");
        assert_eq!(target.stream(12), "cam12?key=a/b");
    }

    #[test]
    fn applications_may_have_instances_and_hosts_may_be_addresses() {
        assert_eq!(target("rtmp://host/live/room/cam").app(), "live/room");
        assert_eq!(target("rtmp://[::1]/a/b").tc_url(), "rtmp://[::1]:1935/a");
        assert_eq!(target("rtmp://[::1]:9/a/b").tc_url(), "rtmp://[::1]:9/a");
    }

    #[test]
    fn url_that_names_no_stream_is_refused() {
        let refused = |url: &str| url.parse::<Target>().unwrap_err();

        assert_eq!(refused("http://host/a/b"), "it does not begin with rtmp://");
        assert_eq!(refused("rtmp://host"), "it has no application");
        assert_eq!(refused("rtmp://host/live"), "it has no stream");
        assert_eq!(refused("rtmp://host/live/"), "its application or its stream has no name");
        assert_eq!(refused("rtmp://:1935/a/b"), "it has no host");
        assert_eq!(refused("rtmp://host:x/a/b"), "its port is no number");
    }

    #[test]
    fn stream_may_go_to_another_application() {
        let there = target("rtmp://here/live/cam{n}?key=1").at("rtmp://there:1936/stage/room").unwrap();

        assert_eq!(there, target("rtmp://there:1936/stage/room/cam{n}?key=1"));
        assert_eq!(target("rtmp://here/live/cam").at("rtmp://there/"), Err("its application has no name"));
    }

    #[test]
    fn several_targets_are_for_clients_that_move() {
        let targets = ["rtmp://a/live/cam", "rtmp://b/live/cam"].map(target);

        assert!(check(&targets, 1, true).is_ok());
        assert!(check(&targets[..1], 1, false).is_ok());
        let error = check(&targets, 1, false).unwrap_err();
        assert_eq!(error.to_string(), "only with --reconnect there is a use for several URLs");
        assert!(check(&targets, 2, true).is_err());
    }

    #[test]
    fn several_streams_need_a_place_for_their_number() {
        let error = target("rtmp://host/live/cam").check_streams(2).unwrap_err();

        assert_eq!(error.to_string(), "2 streams need a place for their number: rtmp://host/live/cam{n}");
        assert!(target("rtmp://host/live/cam").check_streams(1).is_ok());
        assert!(target("rtmp://host/live/{n}").check_streams(9).is_ok());
    }
}

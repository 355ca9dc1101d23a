//! `livecluster bench check`: whether a cluster takes a stream and gives it out again, whole. For people, and for `helm test`.

mod find;
mod trial;
mod verdict;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use kube::Client;

use super::connection::Lost;
use super::target::Target;
use super::units::{parse_duration, seconds};
use super::{Error, block_on};
use find::{Absent, Wanted};
pub(in crate::bench) use trial::Times;
use trial::Trial;
use verdict::{Broken, Passed};

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// How long to publish, with unit ms, s, m or h; 100ms to 24h. What waits for the cluster gives up after 10 s
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = parse_duration)]
    duration: Duration,
}

/// Where the cluster is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Where clients publish and watch. Without a port it is 1935
    #[arg(value_name = "rtmp://HOST:PORT/APP", value_parser = application)]
    url: Option<String>,
    /// A LiveCluster, which the Kubernetes API knows where to find. Without a name, the only one in the namespace
    #[arg(long, value_name = "NAMESPACE[/NAME]")]
    cluster: Option<Wanted>,
}

/// Why a cluster did not pass.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// No cluster can be checked.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// It lets nobody in.
    #[error("{0}")]
    Bench(#[from] Error),
    /// Its viewer was refused, or lost its connection.
    #[error("the viewer at {url}: {lost}")]
    Viewer {
        /// What it watched.
        url: String,
        /// What came of it.
        lost: Lost,
    },
    /// Its publisher was refused, or lost its connection.
    #[error("the publisher at {url}: {lost}")]
    Publisher {
        /// What it published.
        url: String,
        /// What came of it.
        lost: Lost,
    },
    /// Something did not happen in time.
    #[error("{what} at {url}, not within {} s", seconds(*.limit))]
    Late {
        /// What.
        what: &'static str,
        /// Where.
        url: String,
        /// Within which time.
        limit: Duration,
    },
    /// Frames were lost, repeated, or did not come.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Checks, and says in one sentence what came of it: to stdout, or to stderr and with exit code 1.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    match block_on(Duration::ZERO, async { Ok(args.check().await) })? {
        Ok(passed) => {
            writeln!(std::io::stdout(), "{passed}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failed) => {
            writeln!(std::io::stderr(), "livecluster: {failed}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Args {
    async fn check(&self) -> Result<Passed, Failed> {
        let application = self.place.application().await?;
        check(&application, Times { duration: self.duration, patience: PATIENCE }).await
    }
}

impl Place {
    /// The URL of an application there.
    async fn application(&self) -> Result<String, Absent> {
        match &self.cluster {
            None => Ok(self.url.clone().unwrap_or_default()),
            Some(wanted) => wanted.application(Client::try_default().await?).await,
        }
    }
}

/// Publishes and watches a stream of a random name in an application.
pub(in crate::bench) async fn check(application: &str, times: Times) -> Result<Passed, Failed> {
    let target = stream(application, name()?)?;
    Trial::begin(target, times).await?.run().await
}

fn name() -> Result<String, Error> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(std::io::Error::other)?;
    Ok(format!("check-{:016x}", u64::from_be_bytes(random)))
}

fn stream(application: &str, name: String) -> Result<Target, Error> {
    let url = format!("{application}/{name}");
    url.parse().map_err(|why: &str| Error::Arguments(format!("{application}: {why}")))
}

/// Reads the URL of an application.
fn application(url: &str) -> Result<String, String> {
    let url = url.trim_end_matches('/');
    match format!("{url}/name").parse::<Target>() {
        Ok(_) => Ok(url.to_owned()),
        // The name is ours: what seems to be a stream without an application is an address without one.
        Err("it has no stream") => Err("it has no application".to_owned()),
        Err(why) => Err(why.to_owned()),
    }
}

/// For how long an answer is waited for, and for how long the rest of the frames.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_that_of_an_application() {
        assert_eq!(application("rtmp://host/live").as_deref(), Ok("rtmp://host/live"));
        assert_eq!(application("rtmp://[::1]:9/live/room/").as_deref(), Ok("rtmp://[::1]:9/live/room"));
        assert_eq!(application("rtmp://host"), Err("it has no application".to_owned()));
        assert_eq!(application("http://host/live"), Err("it does not begin with rtmp://".to_owned()));
    }

    #[test]
    fn each_check_has_a_stream_of_its_own() {
        let (one, other) = (name().unwrap(), name().unwrap());

        assert_ne!(one, other);
        assert_eq!(stream("rtmp://host/live", one.clone()).unwrap().to_string(), format!("rtmp://host/live/{one}"));
    }
}

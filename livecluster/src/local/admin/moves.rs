//! A stream that goes to another origin because somebody says so.

use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::Key;
use serde::Serialize;

use super::origins::known;
use super::{Act, Handle, Refused, Snapshot};

/// A move that is done.
#[derive(Debug, Serialize)]
pub struct Moved {
    stream: String,
    from: String,
    to: String,
    milliseconds: u128,
}

impl Handle {
    /// Until the new origin has the stream. The old one may feed edges that have not read the routes yet for a moment.
    pub async fn move_stream(&self, stream: Key, to: Name) -> Result<Moved, Refused> {
        let began = Instant::now();
        let before = self.look_at_deciding().await?;
        known(&before, &to)?;
        let from = before.origin_of(&stream).ok_or_else(|| Refused::NoStream(stream.clone()))?;
        if from != to {
            may_take(&before, &to)?;
            self.act(Act::BeginMove(stream.clone(), to.clone())).await?;
            let arrived = self.until_moved(&stream, &to).await;
            self.act(Act::EndMove(stream.clone(), to.clone())).await?;
            arrived?;
        }
        let milliseconds = began.elapsed().as_millis();
        Ok(Moved { stream: stream.to_string(), from: from.to_string(), to: to.to_string(), milliseconds })
    }

    async fn until_moved(&self, stream: &Key, to: &Name) -> Result<(), Refused> {
        let moved = self.until(LIMIT, |now| {
            let is_live = now.origin_of(stream).is_some();
            match (now.has(to, stream), is_live, now.is_active(to)) {
                (true, ..) => Some(Ok(())),
                (false, false, _) => Some(Err(Refused::Ended(stream.clone()))),
                (false, true, false) => Some(may_take(now, to)),
                (false, true, true) => None,
            }
        });
        let late = || Refused::Late { what: format!("{stream} on {to}"), limit: LIMIT };
        moved.await?.ok_or_else(late)?
    }
}

fn may_take(snapshot: &Snapshot, origin: &Name) -> Result<(), Refused> {
    let state = snapshot.state(origin);
    if snapshot.is_active(origin) { Ok(()) } else { Err(Refused::NotActive { origin: origin.clone(), state }) }
}

/// How long a move may take.
const LIMIT: Duration = Duration::from_secs(30);

//! Origins that are drained, take streams again, or are restarted without a gap.

use std::time::{Duration, Instant};

use livecluster_mrtmp::id::Name;
use livecluster_mrtmp::route::State;
use livecluster_operator::routing::{Part, Wish};
use serde::Serialize;

use super::{Act, Handle, Refused, Snapshot};

/// What was done to an origin.
#[derive(Debug, Serialize)]
pub struct Changed {
    origin: String,
    state: Option<String>,
    milliseconds: u128,
}

impl Handle {
    /// Until the origin has no stream; it stays as it is then.
    pub async fn drain(&self, origin: Name) -> Result<Changed, Refused> {
        let began = Instant::now();
        self.drain_one(&origin).await?;
        self.changed(origin, began).await
    }

    /// Until the origin takes streams again.
    pub async fn undrain(&self, origin: Name) -> Result<Changed, Refused> {
        let began = Instant::now();
        known(&self.look_at_deciding().await?, &origin)?;
        self.act(Act::Wish(origin.clone(), Wish::Active)).await?;
        self.until_active(&origin).await?;
        self.changed(origin, began).await
    }

    /// Until another process of the origin takes streams.
    pub async fn restart(&self, origin: Name) -> Result<Changed, Refused> {
        let began = Instant::now();
        let part = Part::Origin(origin.clone());
        self.drain_one(&origin).await?;
        let before = self.look().await?.pid(&part);
        self.act(Act::Restart(part.clone())).await?;
        let is_other = |now: &Snapshot| (now.pid(&part) != before).then_some(());
        let late = || Refused::Late { what: format!("another process of {origin}"), limit: LEAVE_LIMIT };
        self.until(LEAVE_LIMIT, is_other).await?.ok_or_else(late)?;
        self.act(Act::Wish(origin.clone(), Wish::Active)).await?;
        self.until_active(&origin).await?;
        self.changed(origin, began).await
    }

    async fn drain_one(&self, origin: &Name) -> Result<(), Refused> {
        let before = self.look_at_deciding().await?;
        known(&before, origin)?;
        check_others(&before, |name| name == origin)?;
        self.act(Act::Wish(origin.clone(), Wish::Draining)).await?;
        let late = || Refused::Late { what: format!("all streams away from {origin}"), limit: LEAVE_LIMIT };
        let drained = self.until(LEAVE_LIMIT, |now| is_drained(now, origin).then_some(())).await?;
        drained.ok_or_else(late)
    }

    /// Waits until an origin takes streams.
    pub(super) async fn until_active(&self, origin: &Name) -> Result<(), Refused> {
        let late = || Refused::Late { what: format!("{origin} active"), limit: JOIN_LIMIT };
        let active = self.until(JOIN_LIMIT, |now| now.is_active(origin).then_some(())).await?;
        active.ok_or_else(late)
    }

    async fn changed(&self, origin: Name, began: Instant) -> Result<Changed, Refused> {
        let state = self.look().await?.state(&origin).map(|state| state.to_string());
        Ok(Changed { origin: origin.to_string(), state, milliseconds: began.elapsed().as_millis() })
    }
}

/// That an origin was started.
pub(super) fn known(snapshot: &Snapshot, origin: &Name) -> Result<(), Refused> {
    let mut all = snapshot.origins();
    if all.any(|name| name == origin) {
        return Ok(());
    }
    let known = snapshot.origins().cloned().collect();
    Err(Refused::NoOrigin { name: origin.clone(), known })
}

/// That an origin is active which does not leave: those that leave could otherwise give their streams to nobody.
pub(super) fn check_others(snapshot: &Snapshot, leaves: impl Fn(&Name) -> bool) -> Result<(), Refused> {
    let mut active = snapshot.document.origins.iter().filter(|origin| origin.state == State::Active).peekable();
    match active.peek().map(|origin| origin.name.clone()) {
        Some(first) if active.all(|origin| leaves(&origin.name)) => Err(Refused::LastActive(first)),
        _ => Ok(()),
    }
}

/// Whether an origin takes no stream and has none. One that is not in the routes is not sent any.
fn is_drained(snapshot: &Snapshot, origin: &Name) -> bool {
    let is_empty = snapshot.streams.get(origin).is_some_and(|streams| streams.is_empty());
    match snapshot.state(origin) {
        Some(State::Draining) => is_empty,
        Some(State::Active | State::Joining) => false,
        None => true,
    }
}

/// How long it may take until an origin has lost all streams, or has ended.
pub(super) const LEAVE_LIMIT: Duration = Duration::from_secs(120);

/// How long an origin that runs may take until it is active.
const JOIN_LIMIT: Duration = Duration::from_secs(30);

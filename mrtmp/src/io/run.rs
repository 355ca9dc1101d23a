//! The task of a link that is up.

use std::future::Future;
use std::pin::pin;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time;

use super::socket::{Socket, now};
use super::{Connection, Error};
use crate::frame::{Frame, GoAway, Kind, Media};
use crate::link::Event;

/// What a link's owner decides. All calls come from the link's task, between two waits: they must not block.
pub trait Endpoint {
    /// Why this side ends the link.
    type Error;

    /// A frame came. An error closes the link.
    fn handle_frame(&mut self, frame: Frame, now: Instant) -> Result<(), Self::Error>;

    /// The next frame to send, control before media. Asked only while the socket takes more, so that what waits waits
    /// at its owner, who knows what to drop. A frame that does not fit the protocol's limits closes the link.
    fn poll_frame(&mut self, now: Instant) -> Option<Frame>;

    /// The highest route generation that this part has read.
    fn generation(&self) -> u64;

    /// When [`Self::handle_timeout`] is to be called, if at all.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has come.
    fn handle_timeout(&mut self, _now: Instant) {}
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub enum Reason<E> {
    /// The caller's `shutdown`.
    #[error("shut down")]
    Shutdown,
    /// The connection, the peer or the protocol.
    #[error(transparent)]
    Link(#[from] Error),
    /// The endpoint's own.
    #[error("{0}")]
    Endpoint(E),
}

impl Connection {
    /// Drives the link until it ends. `wake` tells that the endpoint has something to send: call `notify_one`.
    /// After `shutdown` the peer is told and the connection closed, whatever still waits at the endpoint.
    pub async fn run<E: Endpoint>(
        self,
        endpoint: &mut E,
        wake: &Notify,
        shutdown: impl Future<Output = ()>,
    ) -> Reason<E::Error> {
        let mut socket = self.socket;
        let reason = match socket.drive(endpoint, wake, shutdown).await {
            Ok(()) => Reason::Shutdown,
            Err(reason) => reason,
        };
        if !matches!(reason, Reason::Link(_)) {
            socket.say_goodbye();
            socket.finish().await;
        }
        reason
    }
}

impl Socket {
    async fn drive<E: Endpoint>(
        &mut self,
        endpoint: &mut E,
        wake: &Notify,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Reason<E::Error>> {
        let mut shutdown = pin!(shutdown);
        loop {
            self.deliver(endpoint)?;
            self.gather(endpoint)?;
            tokio::select! {
                turned = self.turn() => turned?,
                () = wake.notified() => {}
                () = until(endpoint.deadline()) => endpoint.handle_timeout(now()),
                () = &mut shutdown => return Ok(()),
            }
        }
    }

    /// Gives the endpoint what came.
    fn deliver<E: Endpoint>(&mut self, endpoint: &mut E) -> Result<(), Reason<E::Error>> {
        let now = now();
        while let Some(event) = self.link.poll_event() {
            if let Event::Frame(frame) = event {
                self.counters.count_frame_in();
                endpoint.handle_frame(frame, now).map_err(Reason::Endpoint)?;
            }
        }
        self.counters.set_rtt(self.link.rtt());
        Ok(())
    }

    /// Takes the next batch from the endpoint, once the last one is written.
    fn gather(&mut self, endpoint: &mut impl Endpoint) -> Result<(), Error> {
        if !self.batch.is_empty() {
            return Ok(());
        }
        self.link.set_generation(endpoint.generation());
        self.gather_link();
        let now = now();
        while !self.batch.is_full()
            && let Some(frame) = endpoint.poll_frame(now)
        {
            self.counters.count_frame_out();
            self.put(frame)?;
        }
        Ok(())
    }

    fn put(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Media(media) => self.put_media(Kind::Media, media),
            Frame::Header(media) => self.put_media(Kind::Header, media),
            control => {
                self.link.send(&control)?;
                self.gather_link();
                Ok(())
            }
        }
    }

    fn put_media(&mut self, kind: Kind, media: Media) -> Result<(), Error> {
        let framing = self.link.framing(kind, &media)?;
        self.batch.append(|own| own.extend_from_slice(&framing));
        self.batch.push(media.payload);
        Ok(())
    }

    fn say_goodbye(&mut self) {
        let goodbye = GoAway { reason: "closing".to_owned() };
        // A link that is down needs no goodbye.
        let _ = self.link.send(&Frame::GoAway(goodbye));
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

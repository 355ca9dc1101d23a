//! The socket of one viewer: reads, tells what came, and moves to another connection when the server asks it to.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use livecluster_rtmp::session::ClientEvent as Event;

use crate::bench::clock::Clock;
use crate::bench::connection::{Connection, Lost};
use crate::bench::lock;
use crate::bench::place::{Asked, Place, open_any};

/// A player that has not connected yet.
#[derive(Debug)]
pub struct Player<A> {
    /// Which viewer of the audience it is.
    pub index: usize,
    /// The number of its stream.
    pub stream: u32,
    /// Where the stream is.
    pub place: Place,
    /// Tells when frames arrive.
    pub clock: Clock,
    /// Where it tells what came.
    pub audience: Arc<Mutex<A>>,
}

/// Which connection of a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The one that it has.
    Own,
    /// The one that it opened when it was asked to move, until it goes over to that.
    Next,
}

/// An audience that is told what comes to its viewers. A viewer is named by its index; times are since the Unix epoch.
pub trait Told {
    /// It begins to connect.
    fn connect(&mut self, index: usize, now: Duration);
    /// It has been let in and sends the play command.
    fn ask(&mut self, index: usize, line: Line, now: Duration);
    /// Bytes have come to a viewer.
    fn read(&mut self, bytes: usize);
    /// Takes what came of those bytes. An error says that the viewer was refused.
    fn handle(&mut self, index: usize, line: Line, event: Event, now: Duration) -> Result<(), Lost>;
    /// Whether all that comes is on the next connection by now.
    fn may_go_over(&self, index: usize, now: Duration) -> bool;
    /// The connection before is closed, the next one is its own; it goes to the target with that number.
    fn go_over(&mut self, index: usize, target: usize);
    /// It was asked to move, and can't: why.
    fn stay(&mut self, index: usize, why: String);
}

/// A connection that plays.
struct Seat {
    connection: Connection,
    place: Place,
    line: Line,
}

impl<A: Told> Player<A> {
    /// Watches until the connection is lost. One that it gave up for another is not.
    pub async fn watch(&self) -> Result<Infallible, Lost> {
        self.audience().connect(self.index, self.clock.now());
        let connection = self.place.open().await?;
        let mut seat = self.sit(connection, self.place.clone(), Line::Own).await?;
        loop {
            let asked = self.watch_until_asked(&mut seat).await?;
            match seat.place.follow(&asked) {
                Ok(places) => seat = self.go_over(seat, &places).await?,
                Err(why) => self.audience().stay(self.index, why),
            }
        }
    }

    /// Asks to play.
    async fn sit(&self, mut connection: Connection, place: Place, line: Line) -> Result<Seat, Lost> {
        let stream_id = connection.create_stream().await?;
        let name = place.target().stream(self.stream);
        self.audience().ask(self.index, line, self.clock.now());
        connection.client.call(stream_id, "play", [name.as_str().into()]);
        connection.flush().await?;
        Ok(Seat { connection, place, line })
    }

    async fn watch_until_asked(&self, seat: &mut Seat) -> Result<Asked, Lost> {
        loop {
            if let Some(asked) = seat.connection.asked.take() {
                return Ok(asked);
            }
            let read = seat.connection.read().await;
            self.tell(seat, read).await?;
        }
    }

    /// Plays in one of these places too, and only there once nothing is missing between the two.
    async fn go_over(&self, mut seat: Seat, places: &[Place]) -> Result<Seat, Lost> {
        loop {
            let mut next = self.sit_beside(&mut seat, places).await?;
            if self.watch_both(&mut seat, &mut next).await.is_ok() {
                self.audience().go_over(self.index, next.place.number());
                next.line = Line::Own;
                return Ok(next);
            }
        }
    }

    /// Watches on while it opens another connection.
    async fn sit_beside(&self, seat: &mut Seat, places: &[Place]) -> Result<Seat, Lost> {
        let mut open = pin!(async {
            loop {
                let (connection, place) = open_any(places).await;
                if let Ok(seat) = self.sit(connection, place, Line::Next).await {
                    return seat;
                }
            }
        });
        loop {
            let read = tokio::select! {
                next = &mut open => return Ok(next),
                read = seat.connection.read() => read,
            };
            self.tell(seat, read).await?;
        }
    }

    /// Watches both until the first is needed no more, or has ended. An error says that the second is lost.
    async fn watch_both(&self, seat: &mut Seat, next: &mut Seat) -> Result<(), Lost> {
        while !self.audience().may_go_over(self.index, self.clock.now()) {
            let (line, read) = tokio::select! {
                read = next.connection.read() => (Line::Next, read),
                read = seat.connection.read() => (Line::Own, read),
            };
            match line {
                Line::Next => self.tell(next, read).await?,
                Line::Own if self.tell(seat, read).await.is_err() => return Ok(()),
                Line::Own => {}
            }
        }
        Ok(())
    }

    async fn tell(&self, seat: &mut Seat, read: Result<usize, Lost>) -> Result<(), Lost> {
        self.take(seat, read?)?;
        seat.connection.flush().await
    }

    fn take(&self, seat: &mut Seat, bytes: usize) -> Result<(), Lost> {
        let now = self.clock.now();
        let mut audience = self.audience();
        audience.read(bytes);
        while let Some(event) = seat.connection.client.poll_event() {
            match event {
                Event::Reconnect { tc_url, .. } => seat.connection.asked = Some(tc_url),
                event => audience.handle(self.index, seat.line, event, now)?,
            }
        }
        Ok(())
    }

    fn audience(&self) -> MutexGuard<'_, A> {
        lock(&self.audience)
    }
}

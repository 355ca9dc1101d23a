//! What is between a client and the server.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};
use tokio::sync::watch::{Receiver, Sender};

use crate::lock;

/// What is between one client and the server. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct Line {
    state: Arc<Sender<State>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// It carries.
    #[default]
    Up,
    /// Every request fails, and watches break.
    Broken,
    /// Nothing comes back, and nothing is told.
    Silent,
    /// Requests reach the server; of what it answers nothing comes back.
    Deaf,
}

impl Line {
    /// From now on it does this.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }

    /// What was asked over it since the last call, as `get /api/v1/namespaces/ns/configmaps/name`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.asked))
    }

    pub(crate) fn note(&self, request: &str) {
        lock(&self.asked).push(request.to_owned());
    }

    /// Until a request may reach the server.
    pub(crate) async fn until_passable(&self) -> io::Result<()> {
        let mut states = self.state.subscribe();
        // Whoever waits holds the other end.
        let state = states.wait_for(|state| *state != State::Silent).await;
        match state.as_deref() {
            Ok(State::Up | State::Deaf) => Ok(()),
            _ => Err(broken()),
        }
    }

    /// Until an answer has come back.
    pub(crate) async fn carry_answer(&self) -> io::Result<()> {
        match *self.state.borrow() {
            State::Up => return Ok(()),
            State::Broken => return Err(broken()),
            State::Silent | State::Deaf => {}
        }
        pending().await
    }

    /// The lines of a watch, until this line breaks.
    pub(crate) fn carry(
        self,
        lines: BoxStream<'static, Result<String, Infallible>>,
    ) -> impl Stream<Item = io::Result<String>> {
        let carried = (self.state.subscribe(), lines);
        // The sender stays with the stream, so that the receiver always has one.
        stream::unfold((carried, self), |((mut states, mut lines), line)| async move {
            let next = next(&mut states, &mut lines).await;
            Some((next?, ((states, lines), line)))
        })
    }
}

async fn next(
    states: &mut Receiver<State>,
    lines: &mut BoxStream<'static, Result<String, Infallible>>,
) -> Option<io::Result<String>> {
    loop {
        let state = *states.borrow_and_update();
        if state == State::Broken {
            return Some(Err(broken()));
        }
        tokio::select! {
            Some(Ok(line)) = lines.next(), if state == State::Up => return Some(Ok(line)),
            _ = states.changed() => {}
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the line is broken")
}

//! The message streams of a connection (7.2.2) and what each of them does.

/// The streams that a client created. Their ids count from 1 and are not used twice.
#[derive(Debug, Default)]
pub(super) struct Streams {
    list: Vec<Stream>,
    last: u32,
}

#[derive(Debug)]
struct Stream {
    id: u32,
    state: State,
}

/// What a stream does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing yet, or no longer.
    Idle,
    /// It asked to publish under a name, with its query.
    Offering(Box<str>),
    /// It publishes under that name.
    Publishing(Box<str>),
    /// It asked to play a name.
    Asking { name: Box<str>, reset: bool },
    /// It plays.
    Playing { paused: bool },
}

impl State {
    /// Whether the stream publishes or asked to: its media counts.
    pub fn is_publisher(&self) -> bool {
        matches!(self, Self::Offering(_) | Self::Publishing(_))
    }

    /// Whether the stream plays or asked to.
    pub fn is_viewer(&self) -> bool {
        matches!(self, Self::Asking { .. } | Self::Playing { .. })
    }
}

impl Streams {
    /// Creates a stream and returns its id; `None` at the limit.
    pub fn create(&mut self, limit: usize) -> Option<u32> {
        if self.list.len() >= limit {
            return None;
        }
        self.last = self.last.checked_add(1)?;
        self.list.push(Stream { id: self.last, state: State::Idle });
        Some(self.last)
    }

    /// What a stream does; `None` if there is no such stream.
    pub fn get(&mut self, id: u32) -> Option<&mut State> {
        self.list.iter_mut().find(|stream| stream.id == id).map(|stream| &mut stream.state)
    }

    /// Ends what a stream does and returns it.
    pub fn reset(&mut self, id: u32) -> Option<State> {
        self.get(id).map(|state| std::mem::replace(state, State::Idle))
    }

    /// Deletes a stream and returns what it did.
    pub fn delete(&mut self, id: u32) -> Option<State> {
        let index = self.list.iter().position(|stream| stream.id == id)?;
        Some(self.list.swap_remove(index).state)
    }

    /// The stream that publishes under a name.
    pub fn find_publisher(&self, name: &str) -> Option<u32> {
        let publishes = |stream: &&Stream| match &stream.state {
            State::Offering(other) | State::Publishing(other) => **other == *name,
            _ => false,
        };
        self.list.iter().find(publishes).map(|stream| stream.id)
    }

    /// The only stream that publishes.
    pub fn sole_publisher(&self) -> Option<u32> {
        let mut publishers = self.list.iter().filter(|stream| stream.state.is_publisher());
        match (publishers.next(), publishers.next()) {
            (Some(stream), None) => Some(stream.id),
            _ => None,
        }
    }

    /// Whether any stream does anything.
    pub fn is_busy(&self) -> bool {
        self.list.iter().any(|stream| stream.state != State::Idle)
    }
}

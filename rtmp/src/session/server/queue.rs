//! The events that wait for the owner. Aggregates wait whole: taken apart, hostile ones would be many times as large.

use std::collections::VecDeque;

use crate::aggregate::Split;
use crate::session::Event;
use crate::{Message, codec};

#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Queued>);

#[derive(Debug)]
enum Queued {
    Event(Event),
    Aggregate(Split),
}

impl Queue {
    pub fn push(&mut self, event: Event) {
        self.0.push_back(Queued::Event(event));
    }

    pub fn push_aggregate(&mut self, aggregate: Split) {
        self.0.push_back(Queued::Aggregate(aggregate));
    }

    pub fn pop(&mut self) -> Option<Event> {
        loop {
            if let Queued::Aggregate(aggregate) = self.0.front_mut()?
                && let Some(message) = aggregate.find_map(without_set_data_frame)
            {
                return Some(Event::Media(message));
            }
            if let Queued::Event(event) = self.0.pop_front()? {
                return Some(event);
            }
        }
    }
}

/// The message as viewers get it; `None` if nothing is left of it.
pub(super) fn without_set_data_frame(message: Message) -> Option<Message> {
    if !matches!(message.kind, crate::message::Kind::DATA_AMF0 | crate::message::Kind::DATA_AMF3) {
        return Some(message);
    }
    let payload = codec::strip_set_data_frame(message.kind, message.payload)?;
    Some(Message { payload, ..message })
}

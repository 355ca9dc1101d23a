//! The fields of each control frame in wire order.
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use super::limit::{MAX_ADDRESS, MAX_CLIENT_TEXT, MAX_CODE, MAX_DESCRIPTION, MAX_STREAMS};
use super::wire::{Input, Wire, fields, put_cut, put_string};
use super::{
    Accepted, Ack, Asked, Awaiting, Cause, Client, End, Error, From, GoAway, Grant, Have, Heartbeat, Join, Leave,
    Links, NotOwner, Nothing, Play, PlayRefused, Probe, Probed, Publish, Refused, Restated, Resume, Revoked, Stable,
    StreamState, Streams, Subscriber, Trim, Unwatch, Watch, Withdraw,
};
use crate::id::{Channel, ClientId, Group};

fields! {
    Heartbeat { sent, echo, generation }

    Publish { channel, publication, client, key, generation, asks }
    Grant { term, identity, provisional, previous }
    Accepted { channel, grant }
    NotOwner { of, generation }
    Resume { channel, publication, client, key, generation, grant, oldest, next, ended, map }
    Have { channel, next }
    Nothing { channel }
    Revoked { channel, last }
    Withdraw { channel }
    Subscriber { channel, edge, next }
    Stable { channel, next, edges }
    Trim { channel, oldest }
    Probe { channel }
    Probed { channel, silent }

    End { id, sequence }

    Play { client, stream_id, key, generation, granted, asks }
    Join { client, stream_id }
    Leave { client, stream_id }
    Watch { group, key, generation, at }
    Unwatch { group, moves }
    From { group, publication, term, next, cause, previous }
    Awaiting { group, held }
    Ack { group, publication, next }
    Restated { streams }

    StreamState { origin, publication, held }
    Links { origins, connections }
}

impl Wire for GoAway {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        put_cut(out, "a reason", MAX_DESCRIPTION, &self.reason)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        Ok(Self { reason: input.text("a reason", MAX_DESCRIPTION)? })
    }
}

impl Wire for Client {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        put_string(out, "app", MAX_CLIENT_TEXT, self.app.as_bytes())?;
        put_string(out, "tcUrl", MAX_CLIENT_TEXT, self.tc_url.as_bytes())?;
        put_string(out, "query", MAX_CLIENT_TEXT, self.query.as_bytes())?;
        put_string(out, "a client's address", MAX_ADDRESS, self.address.as_bytes())
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        Ok(Self {
            app: input.text("app", MAX_CLIENT_TEXT)?,
            tc_url: input.text("tcUrl", MAX_CLIENT_TEXT)?,
            query: input.text("query", MAX_CLIENT_TEXT)?,
            address: input.text("a client's address", MAX_ADDRESS)?,
        })
    }
}

impl Client {
    /// Whether a frame can carry it. Ask before sending one: a client's too long `tcUrl` must not cost a link.
    pub fn check(&self) -> Result<(), Error> {
        self.put(&mut Vec::new())
    }
}

impl Wire for Refused {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.channel.put(out)?;
        put_verdict(out, &self.code, &self.description)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let channel = Wire::take(input)?;
        let (code, description) = take_verdict(input)?;
        Ok(Self { channel, code, description })
    }
}

impl Wire for PlayRefused {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.client.put(out)?;
        self.stream_id.put(out)?;
        put_verdict(out, &self.code, &self.description)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let (client, stream_id) = Wire::take(input)?;
        let (code, description) = take_verdict(input)?;
        Ok(Self { client, stream_id, code, description })
    }
}

fn put_verdict(out: &mut Vec<u8>, code: &str, description: &str) -> Result<(), Error> {
    put_string(out, "a code", MAX_CODE, code.as_bytes())?;
    put_cut(out, "a description", MAX_DESCRIPTION, description)
}

fn take_verdict(input: &mut Input) -> Result<(String, String), Error> {
    Ok((input.text("a code", MAX_CODE)?, input.text("a description", MAX_DESCRIPTION)?))
}

impl Wire for Asked {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Channel(channel) => (0u8, *channel).put(out),
            Self::Group(group) => (1u8, *group).put(out),
            Self::Play(client, stream_id) => (2u8, *client, *stream_id).put(out),
        }
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        match u8::take(input)? {
            0 => Channel::take(input).map(Self::Channel),
            1 => Group::take(input).map(Self::Group),
            2 => <(ClientId, u32)>::take(input).map(|(client, stream_id)| Self::Play(client, stream_id)),
            other => Err(Error::Value { field: "what was asked", value: other.into() }),
        }
    }
}

impl Wire for Cause {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let number: u8 = match self {
            Self::Continue => 0,
            Self::Discontinuity => 1,
            Self::Change => 2,
            Self::Local => 3,
        };
        number.put(out)
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        match u8::take(input)? {
            0 => Ok(Self::Continue),
            1 => Ok(Self::Discontinuity),
            2 => Ok(Self::Change),
            3 => Ok(Self::Local),
            other => Err(Error::Value { field: "a cause", value: other.into() }),
        }
    }
}

/// The one list that may be longer than a u16 counts.
impl Wire for Streams {
    fn put(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let count = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        check_streams(count)?;
        self.complete.put(out)?;
        self.generation.put(out)?;
        count.put(out)?;
        self.streams.iter().try_for_each(|stream| stream.put(out))
    }

    fn take(input: &mut Input) -> Result<Self, Error> {
        let (complete, generation, count) = Wire::take(input)?;
        check_streams(count)?;
        Ok(Self { complete, generation, streams: input.list(count)? })
    }
}

fn check_streams(count: u32) -> Result<(), Error> {
    if count > MAX_STREAMS {
        let (length, limit) = (usize::try_from(count), usize::try_from(MAX_STREAMS));
        return Err(Error::FieldTooLong {
            field: "a list of streams",
            length: length.unwrap_or(usize::MAX),
            limit: limit.unwrap_or(usize::MAX),
        });
    }
    Ok(())
}

//! What the owner of a session decides. An action on a stream that is no longer in the state for it does nothing: the
//! client was faster, and its [`Close`](crate::session::Event::Close) is among the events.

use std::time::Instant;

use super::{Deciding, Server, Stage, Unpublishing};
use crate::chunk::control::{BandwidthLimit, Control};
use crate::command::answer::{self, Info};
use crate::command::status;
use crate::session::Error;
use crate::session::stream::State;

impl Server {
    /// Lets the client in. An error is that of a message that it sent without waiting for this.
    pub fn accept_connect(&mut self, now: Instant) -> Result<(), Error> {
        self.clock.set(now);
        let Some(deciding) = self.take_deciding() else {
            return Ok(());
        };
        self.stage = Stage::Connected { can_reconnect: deciding.can_reconnect };
        self.welcome(&deciding);
        self.hop.set_message_limit(self.config.message);
        for message in deciding.early {
            self.handle_message(message)?;
        }
        self.wait();
        Ok(())
    }

    /// 7.2.1.1: what the connection is like first, then the answer.
    fn welcome(&mut self, deciding: &Deciding) {
        let Deciding { transaction_id, object_encoding, is_enhanced, .. } = *deciding;
        self.hop.send_control(Control::WindowAcknowledgementSize(self.config.window));
        self.hop.send_control(Control::SetPeerBandwidth(self.config.window, BandwidthLimit::Dynamic));
        self.hop.send_control(Control::SetChunkSize(self.config.chunk_size));
        self.hop.send_control(Control::StreamBegin(0));
        self.hop.send(&answer::connected(transaction_id, object_encoding, is_enhanced));
        self.hop.send(&answer::on_bandwidth_done());
    }

    /// Turns the client away, with a code of `NetConnection.Connect`. Nothing that it sends counts any more: the
    /// owner closes when the answer is written.
    pub fn refuse_connect(&mut self, code: &str, description: &str) {
        if let Some(deciding) = self.take_deciding() {
            self.hop.send(&answer::error(0, deciding.transaction_id, code, description));
        }
    }

    /// Takes the connect that waits for an answer, and leaves the client refused.
    fn take_deciding(&mut self) -> Option<Deciding> {
        match std::mem::replace(&mut self.stage, Stage::Refused) {
            Stage::Deciding(deciding) => Some(*deciding),
            stage => {
                self.stage = stage;
                None
            }
        }
    }

    /// Lets a stream publish.
    pub fn start_publish(&mut self, stream_id: u32) {
        let Some(state @ State::Offering(_)) = self.streams.get(stream_id) else {
            return;
        };
        let State::Offering(name) = std::mem::replace(state, State::Idle) else {
            return;
        };
        *state = State::Publishing(name.clone());
        let info = Info::status(status::PUBLISH_START, "Publishing.").of_stream(&name);
        if std::mem::take(&mut self.fc_publish) {
            self.hop.send(&answer::on_fc("onFCPublish", info));
        }
        self.status(stream_id, info);
    }

    /// Refuses a stream that wants to publish, or ends one that does, with an error code of `NetStream`.
    pub fn refuse_publish(&mut self, stream_id: u32, code: &str, description: &str) {
        self.end(stream_id, State::is_publisher, Info::error(code, description));
    }

    /// Ends a stream that publishes without any fault of its publisher.
    pub fn unpublished(&mut self, stream_id: u32) {
        let info = Info::status(status::UNPUBLISH_SUCCESS, "Stop publishing.");
        self.end(stream_id, State::is_publisher, info);
    }

    /// What a stream published, until the client ended it, is safe. Once for each [`Close`](crate::session::Event::Close)
    /// of a publisher; if the stream publishes anew the client has been told already.
    pub fn confirm_unpublish(&mut self, stream_id: u32) {
        let Some(at) = self.unpublishing.iter().position(|one| one.stream_id == stream_id) else {
            return;
        };
        let Unpublishing { announced, .. } = self.unpublishing.remove(at);
        let info = Info::status(status::UNPUBLISH_SUCCESS, "Stop publishing.");
        if let Some(name) = announced {
            self.hop.send(&answer::on_fc("onFCUnpublish", info.of_stream(&name)));
        }
        self.status(stream_id, info);
    }

    /// Lets a stream play. The owner's media follows.
    pub fn start_play(&mut self, stream_id: u32) {
        let Some(state @ State::Asking { .. }) = self.streams.get(stream_id) else {
            return;
        };
        let State::Asking { name, reset } = std::mem::replace(state, State::Playing { paused: false }) else {
            return;
        };
        self.hop.send_control(Control::StreamBegin(stream_id));
        if reset {
            self.status(stream_id, Info::status(status::PLAY_RESET, "Playing and resetting.").of_stream(&name));
        }
        self.status(stream_id, Info::status(status::PLAY_START, "Started playing.").of_stream(&name));
    }

    /// Refuses a stream that wants to play, or ends one that does, with an error code of `NetStream`.
    pub fn refuse_play(&mut self, stream_id: u32, code: &str, description: &str) {
        self.end(stream_id, State::is_viewer, Info::error(code, description));
    }

    /// Ends a stream that plays: there is no more to come.
    pub fn stop_play(&mut self, stream_id: u32) {
        if self.is_playing(stream_id) {
            self.hop.send_control(Control::StreamEof(stream_id));
            self.end(stream_id, State::is_viewer, Info::status(status::PLAY_STOP, "Stopped playing."));
        }
    }

    /// Tells a viewer that the publisher of its stream has come.
    pub fn notify_publish(&mut self, stream_id: u32) {
        self.notify_play(stream_id, Info::status(status::PLAY_PUBLISH_NOTIFY, "Published."));
    }

    /// Tells a viewer that the publisher of its stream has left. The viewer stays.
    pub fn notify_unpublish(&mut self, stream_id: u32) {
        self.notify_play(stream_id, Info::status(status::PLAY_UNPUBLISH_NOTIFY, "Unpublished."));
    }

    /// Tells a viewer that frames were left out because it is too slow.
    pub fn notify_insufficient_bandwidth(&mut self, stream_id: u32) {
        self.notify_play(stream_id, Info::status(status::PLAY_INSUFFICIENT_BANDWIDTH, "Frames were left out."));
    }

    /// Asks the client to connect anew: to `tc_url`, or where it is now. It goes on until it does, at a keyframe.
    /// Returns false if the client does not know this request (Enhanced RTMP).
    pub fn request_reconnect(&mut self, tc_url: Option<&str>, description: &str) -> bool {
        let knows = matches!(self.stage, Stage::Connected { can_reconnect: true });
        if knows {
            self.hop.send(&answer::reconnect(tc_url, description));
        }
        knows
    }

    fn notify_play(&mut self, stream_id: u32, info: Info<'_>) {
        if self.is_playing(stream_id) {
            self.status(stream_id, info);
        }
    }

    fn is_playing(&mut self, stream_id: u32) -> bool {
        matches!(self.streams.get(stream_id), Some(State::Playing { .. }))
    }

    fn end(&mut self, stream_id: u32, applies: impl Fn(&State) -> bool, info: Info<'_>) {
        if let Some(state) = self.streams.get(stream_id).filter(|state| applies(state)) {
            *state = State::Idle;
            self.status(stream_id, info);
            self.wait();
        }
    }
}

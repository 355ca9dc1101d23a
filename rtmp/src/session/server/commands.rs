//! The commands of a client, and the answers that need no decision of the owner.

use std::time::Duration;

use super::{Deciding, Server, Stage, Unpublishing};
use crate::Message;
use crate::amf0::Value;
use crate::chunk::control::Control;
use crate::command::answer::{self, Info};
use crate::command::{self, Command, ConnectRequest, Invocation, Play, PublishKind, Start, split_query, status};
use crate::session::stream::State;
use crate::session::{Error, Event};

/// To what an answer belongs.
#[derive(Clone, Copy)]
struct Question {
    stream_id: u32,
    transaction_id: f64,
}

impl Server {
    pub(super) fn handle_command(&mut self, message: &Message) -> Result<(), Error> {
        let limit = self.config.commands;
        if !self.commands.allows(1, limit, self.clock.now()) {
            return Err(Error::TooManyCommands(limit));
        }
        let Invocation { transaction_id, command } = command::decode(message, self.config.command)?;
        let question = Question { stream_id: message.stream_id, transaction_id };
        match (&self.stage, command) {
            (Stage::Connected { .. }, command) => self.handle_connected(question, command),
            (Stage::Connecting, Command::Connect(request)) => self.handle_connect(transaction_id, request),
            (Stage::Connecting, _) => return Err(Error::BeforeConnect),
            (Stage::Deciding(_) | Stage::Refused, _) => {}
        }
        Ok(())
    }

    fn handle_connect(&mut self, transaction_id: f64, request: Box<ConnectRequest>) {
        self.stage = Stage::Deciding(Box::new(Deciding {
            transaction_id,
            object_encoding: request.object_encoding,
            is_enhanced: request.capabilities.is_enhanced(),
            can_reconnect: request.capabilities.can_reconnect(),
            early: Vec::new(),
        }));
        self.events.push(Event::Connect(request));
    }

    fn handle_connected(&mut self, question: Question, command: Command) {
        let stream_id = question.stream_id;
        match command {
            Command::CreateStream => self.create_stream(question),
            Command::ReleaseStream(_) | Command::CheckBandwidth => self.answer(question, Value::Undefined),
            Command::StreamLength(_) => self.answer(question, 0.0.into()),
            Command::FcPublish(_) => self.fc_publish(question),
            Command::FcUnpublish(name) => self.fc_unpublish(question, &name),
            Command::FcSubscribe(name) => self.fc_subscribe(question, &name),
            Command::Publish { name, kind } => self.handle_publish(stream_id, &name, &kind),
            Command::Play(play) | Command::Play2(play) => self.handle_play(stream_id, play),
            Command::Pause(paused) => self.handle_pause(stream_id, paused),
            Command::Seek(_) => self.refuse(stream_id, status::SEEK_FAILED, "A live stream can not be sought."),
            Command::ReceiveAudio(receive) => self.receive(stream_id, Event::ReceiveAudio { stream_id, receive }),
            Command::ReceiveVideo(receive) => self.receive(stream_id, Event::ReceiveVideo { stream_id, receive }),
            Command::CloseStream => self.close(stream_id),
            Command::DeleteStream(stream_id) => self.delete(stream_id),
            Command::Connect(_) => self.fail(question, "The connection is connected already."),
            Command::Call { name, .. } => self.fail(question, &format!("Method not found ({name}).")),
            Command::Result(_) | Command::Error(_) | Command::Status(_) => {}
        }
    }

    fn create_stream(&mut self, question: Question) {
        match self.streams.create(self.config.streams) {
            Some(stream_id) => self.answer(question, f64::from(stream_id).into()),
            None => self.fail(question, "Too many streams."),
        }
    }

    fn fc_publish(&mut self, question: Question) {
        self.fc_publish = true;
        self.answer(question, Value::Undefined);
    }

    fn fc_unpublish(&mut self, question: Question, name: &str) {
        self.answer(question, Value::Undefined);
        if let Some(stream_id) = self.streams.find_publisher(name)
            && self.streams.reset(stream_id).is_some()
        {
            self.end_publication(Unpublishing { stream_id, announced: Some(name.into()) });
        }
    }

    fn fc_subscribe(&mut self, question: Question, name: &str) {
        self.answer(question, Value::Undefined);
        let info = Info::status(status::PLAY_START, "Started playing.").of_stream(name);
        self.hop.send(&answer::on_fc("onFCSubscribe", info));
    }

    /// Live only: there are no recordings here to write to.
    fn handle_publish(&mut self, stream_id: u32, full_name: &str, kind: &PublishKind) {
        // Later it would be taken for the end of what begins now.
        self.confirm_unpublish(stream_id);
        let (name, query) = split_query(full_name);
        let (code, description) = match self.streams.get(stream_id) {
            None => (status::FAILED, "There is no such stream."),
            Some(state) if *state != State::Idle => (status::PUBLISH_BAD_NAME, "The stream is in use."),
            Some(_) if name.is_empty() => (status::FAILED, "The name is empty."),
            Some(_) if matches!(kind, PublishKind::Record | PublishKind::Append) => {
                (status::RECORD_NO_ACCESS, "Streams are not recorded here.")
            }
            Some(state) => {
                *state = State::Offering(full_name.into());
                let (name, query) = (name.to_owned(), query.to_owned());
                return self.events.push(Event::Publish { stream_id, name, query });
            }
        };
        self.refuse(stream_id, code, description);
    }

    /// There is no recording to play from: a start inside one is refused, all others take the live stream.
    fn handle_play(&mut self, stream_id: u32, mut play: Play) {
        self.confirm_unpublish(stream_id);
        let (name, query) = split_query(&play.name);
        let (code, description) = match self.streams.get(stream_id) {
            None => (status::PLAY_FAILED, "There is no such stream."),
            Some(state) if state.is_publisher() => (status::PLAY_FAILED, "The stream is being published."),
            Some(_) if name.is_empty() => (status::PLAY_STREAM_NOT_FOUND, "The name is empty."),
            Some(_) if matches!(play.start, Start::Recorded(position) if position > Duration::ZERO) => {
                (status::PLAY_STREAM_NOT_FOUND, "There is no recording.")
            }
            Some(state) => {
                let asking = State::Asking { name: name.into(), reset: play.reset };
                if std::mem::replace(state, asking).is_viewer() {
                    self.events.push(Event::Close { stream_id });
                }
                let query = query.to_owned();
                play.name.truncate(name.len());
                return self.events.push(Event::Play { stream_id, play: Box::new(play), query });
            }
        };
        self.refuse(stream_id, code, description);
    }

    fn handle_pause(&mut self, stream_id: u32, pause: bool) {
        let Some(State::Playing { paused }) = self.streams.get(stream_id) else {
            return;
        };
        *paused = pause;
        if pause {
            self.status(stream_id, Info::status(status::PAUSE_NOTIFY, "Paused."));
            self.hop.send_control(Control::StreamEof(stream_id));
        } else {
            self.hop.send_control(Control::StreamBegin(stream_id));
            self.status(stream_id, Info::status(status::UNPAUSE_NOTIFY, "Playing on."));
        }
        self.events.push(Event::Pause { stream_id, paused: pause });
    }

    /// 7.2.2.4, 7.2.2.5: going on is answered as a seek, leaving out is not answered.
    fn receive(&mut self, stream_id: u32, event: Event) {
        if !matches!(self.streams.get(stream_id), Some(State::Playing { .. })) {
            return;
        }
        if let Event::ReceiveAudio { receive: true, .. } | Event::ReceiveVideo { receive: true, .. } = event {
            self.status(stream_id, Info::status(status::SEEK_NOTIFY, "Playing on."));
            self.status(stream_id, Info::status(status::PLAY_START, "Started playing."));
        }
        self.events.push(event);
    }

    fn close(&mut self, stream_id: u32) {
        match self.streams.reset(stream_id) {
            None | Some(State::Idle) => {}
            Some(State::Offering(_) | State::Publishing(_)) => {
                self.end_publication(Unpublishing { stream_id, announced: None });
            }
            Some(State::Asking { .. } | State::Playing { .. }) => {
                self.status(stream_id, Info::status(status::PLAY_STOP, "Stopped playing."));
                self.events.push(Event::Close { stream_id });
            }
        }
    }

    /// 7.2.2.3: without an answer, except that a publication ends.
    fn delete(&mut self, stream_id: u32) {
        match self.streams.delete(stream_id) {
            Some(state) if state.is_publisher() => {
                self.end_publication(Unpublishing { stream_id, announced: None });
            }
            None | Some(State::Idle) => {}
            Some(_) => self.events.push(Event::Close { stream_id }),
        }
    }

    /// The owner confirms it. A client that ends more than it may have streams gets its answers before that.
    fn end_publication(&mut self, unpublishing: Unpublishing) {
        if self.unpublishing.len() >= self.config.streams
            && let Some(oldest) = self.unpublishing.first().map(|one| one.stream_id)
        {
            self.confirm_unpublish(oldest);
        }
        let stream_id = unpublishing.stream_id;
        self.unpublishing.push(unpublishing);
        self.events.push(Event::Close { stream_id });
    }

    fn answer(&mut self, question: Question, value: Value) {
        if question.transaction_id != 0.0 {
            self.hop.send(&answer::result(question.stream_id, question.transaction_id, value));
        }
    }

    fn fail(&mut self, question: Question, description: &str) {
        let Question { stream_id, transaction_id } = question;
        if transaction_id != 0.0 {
            self.hop.send(&answer::error(stream_id, transaction_id, status::CALL_FAILED, description));
        }
    }

    fn refuse(&mut self, stream_id: u32, code: &str, description: &str) {
        self.status(stream_id, Info::error(code, description));
    }

    pub(super) fn status(&mut self, stream_id: u32, info: Info<'_>) {
        self.hop.send(&answer::on_status(stream_id, info));
    }
}

//! Media that says what it is: H.264 and AAC by their headers, a number inside.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use livecluster_rtmp::Message;
use livecluster_rtmp::amf0::{self, Value};
use livecluster_rtmp::message::Kind;

/// How a publisher in this process sends.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two frames.
    pub interval: Duration,
    /// Frames from one keyframe to the next.
    pub keyframe_every: u32,
    /// Bytes of a video frame.
    pub bytes: usize,
}

impl Default for Pace {
    /// 25 frames a second of 1 KB, a keyframe each 2 seconds.
    fn default() -> Self {
        Self { interval: Duration::from_millis(40), keyframe_every: 50, bytes: 1000 }
    }
}

impl Pace {
    /// What comes before all frames: metadata and the configurations of video and audio.
    pub fn headers(&self, stream_id: u32) -> [Message; 3] {
        let mut metadata = Vec::new();
        for value in [Value::from("@setDataFrame"), "onMetaData".into(), Value::ecma_array([("width", 320.0)])] {
            amf0::encode(&value, &mut metadata).expect("AMF0");
        }
        let message = |kind, payload: Bytes| Message { kind, timestamp: 0, stream_id, payload };
        [
            message(Kind::DATA_AMF0, metadata.into()),
            message(Kind::VIDEO, Bytes::from_static(&[0x17, 0, 0, 0, 0, 1])),
            message(Kind::AUDIO, Bytes::from_static(&[0xaf, 0, 0x12, 0x10])),
        ]
    }

    /// Frame `number`: video, and the audio after it.
    pub fn frame(&self, stream_id: u32, number: u32) -> [Message; 2] {
        let first = match number % self.keyframe_every {
            0 => 0x17,
            _ => 0x27,
        };
        let mut video = BytesMut::from(&[first, 1, 0, 0, 0][..]);
        video.put_u32(number);
        video.put_bytes(0, self.bytes.saturating_sub(video.len()));
        let mut audio = BytesMut::from(&[0xaf, 1][..]);
        audio.put_u32(number);
        audio.put_bytes(0, AUDIO_LEN);
        let message =
            |kind, timestamp, payload: BytesMut| Message { kind, timestamp, stream_id, payload: payload.freeze() };
        [message(Kind::VIDEO, number * 40, video), message(Kind::AUDIO, number * 40 + 20, audio)]
    }
}

/// What a viewer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// onMetaData.
    Metadata,
    /// The configuration of the video.
    VideoHeader,
    /// The configuration of the audio.
    AudioHeader,
    /// A video frame at which decoding can start.
    Keyframe(u32),
    /// Any other video frame.
    Inter(u32),
    /// The audio of a frame.
    Audio(u32),
    /// Nothing.
    Empty,
}

impl Frame {
    /// What a message is.
    pub fn of(message: &Message) -> Self {
        let payload = &*message.payload;
        let number = |at: usize| {
            let bytes = payload.get(at..at + 4).expect("a number");
            u32::from_be_bytes(bytes.try_into().expect("four bytes"))
        };
        match (message.kind, payload) {
            (_, []) => Self::Empty,
            (Kind::VIDEO, [_, 0, ..]) => Self::VideoHeader,
            (Kind::VIDEO, [0x17, ..]) => Self::Keyframe(number(5)),
            (Kind::VIDEO, _) => Self::Inter(number(5)),
            (Kind::AUDIO, [_, 0, ..]) => Self::AudioHeader,
            (Kind::AUDIO, _) => Self::Audio(number(2)),
            _ => Self::Metadata,
        }
    }
}

/// What a viewer was shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// In the order in which it came.
    pub frames: Vec<Frame>,
}

impl Shown {
    /// Takes a message in.
    pub fn take(&mut self, message: &Message) {
        self.frames.push(Frame::of(message));
    }

    /// The numbers of the video frames.
    pub fn video(&self) -> Vec<u32> {
        let number = |frame: &Frame| match frame {
            Frame::Keyframe(number) | Frame::Inter(number) => Some(*number),
            _ => None,
        };
        self.frames.iter().filter_map(number).collect()
    }

    /// The numbers of the audio frames.
    pub fn audio(&self) -> Vec<u32> {
        let number = |frame: &Frame| match frame {
            Frame::Audio(number) => Some(*number),
            _ => None,
        };
        self.frames.iter().filter_map(number).collect()
    }

    /// The newest video frame.
    pub fn last(&self) -> Option<u32> {
        let number = |frame: &Frame| match frame {
            Frame::Keyframe(number) | Frame::Inter(number) => Some(*number),
            _ => None,
        };
        self.frames.iter().rev().find_map(number)
    }

    /// Panics unless this is one piece of a stream: the headers, a keyframe, and from there on each frame once.
    pub fn assert_whole(&self) {
        let headers = [Frame::Metadata, Frame::VideoHeader, Frame::AudioHeader];
        let (head, rest) = self.frames.split_at(headers.len().min(self.frames.len()));
        assert_eq!(head, headers);
        assert!(matches!(rest.first(), Some(Frame::Keyframe(_))), "{rest:?}");
        for numbers in [self.video(), self.audio()] {
            let gap = numbers.windows(2).find(|pair| pair[0] + 1 != pair[1]);
            assert_eq!(gap, None, "a gap among {} frames", numbers.len());
        }
    }
}

/// Bytes of an audio frame after its number.
const AUDIO_LEN: usize = 100;

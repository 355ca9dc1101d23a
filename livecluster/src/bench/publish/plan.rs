//! What a publisher sends and when: a pure function of the options.

use std::time::Duration;

use crate::bench::{Error, aac, h264};

/// The media of a stream. Sizes are those of messages, so that bitrates are those of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    fps: u32,
    /// Pictures from one keyframe to the next.
    group: u32,
    keyframe_len: u32,
    picture_len: u32,
    /// Bits a second; 0 for no audio.
    audio: u64,
}

impl Plan {
    /// Bitrates are in bits a second, `audio` may be 0. Pictures that have no room for a mark are refused.
    pub fn new(video: u64, fps: u32, gop: Duration, audio: u64) -> Result<Self, Error> {
        let group = ((gop.as_secs_f64() * f64::from(fps)).round() as u32).max(1);
        let group_len = video * u64::from(group) / u64::from(fps) / 8;
        let picture_len = group_len / u64::from(group - 1 + KEYFRAME_WEIGHT);
        let keyframe_len = group_len - picture_len * u64::from(group - 1);
        if picture_len < h264::MIN_FRAME_LEN as u64 {
            return Err(Error::Arguments(format!(
                "pictures of {picture_len} bytes have no room for a mark: raise --bitrate or lower --fps"
            )));
        }
        if keyframe_len > MAX_KEYFRAME_LEN {
            return Err(Error::Arguments(format!(
                "keyframes of {keyframe_len} bytes exceed {MAX_KEYFRAME_LEN}: lower --bitrate or --gop"
            )));
        }
        Ok(Self {
            fps,
            group,
            keyframe_len: u32::try_from(keyframe_len).unwrap_or_default(),
            picture_len: u32::try_from(picture_len).unwrap_or_default(),
            audio,
        })
    }

    /// The frames of a stream, without an end, in the order in which they are due.
    fn frames(self) -> Frames {
        Frames { plan: self, pictures: 0, sounds: 0 }
    }

    /// Those that are due before `end`.
    pub fn frames_until(self, end: Duration) -> impl Iterator<Item = Frame> {
        self.frames().take_while(move |frame| frame.due < end)
    }

    /// The last frame that is due before `end`, of video and of audio.
    pub fn last_until(self, end: Duration) -> [Option<u32>; 2] {
        let mut last = [None; 2];
        let [picture, sound] = &mut last;
        for frame in self.frames_until(end) {
            let track = if frame.medium == Medium::Sound { &mut *sound } else { &mut *picture };
            *track = Some(frame.sequence);
        }
        last
    }

    /// Pictures in a second.
    pub fn fps(&self) -> u32 {
        self.fps
    }

    /// Whether there is sound.
    pub fn has_audio(&self) -> bool {
        self.audio > 0
    }

    fn picture_at(&self, index: u32) -> Duration {
        Duration::from_secs(1) * index / self.fps
    }

    fn picture(&self, sequence: u32) -> Frame {
        let index = sequence % self.group;
        Frame {
            due: self.picture_at(sequence),
            medium: Medium::Picture { index },
            sequence,
            length: match index {
                0 => self.keyframe_len,
                _ => self.picture_len,
            },
        }
    }

    fn sound(&self, sequence: u32) -> Frame {
        let bytes = |frames: u32| u64::from(frames) * self.audio * aac::FRAME_SAMPLES / aac::SAMPLE_RATE / 8;
        let length = bytes(sequence + 1) - bytes(sequence);
        Frame {
            due: sound_at(sequence),
            medium: Medium::Sound,
            sequence,
            length: u32::try_from(length).unwrap_or_default(),
        }
    }
}

/// Iterates over the frames of a [`Plan`].
#[derive(Debug)]
pub struct Frames {
    plan: Plan,
    pictures: u32,
    sounds: u32,
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let (plan, sounds) = (self.plan, self.sounds);
        if plan.has_audio() && sound_at(sounds) < plan.picture_at(self.pictures) {
            self.sounds += 1;
            return Some(plan.sound(sounds));
        }
        self.pictures += 1;
        Some(plan.picture(self.pictures - 1))
    }
}

/// A frame to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// When, from the start on. It is the timestamp too.
    pub due: Duration,
    /// What it is.
    pub medium: Medium,
    /// Its number among those of its medium, from 0.
    pub sequence: u32,
    /// The length of its message in bytes.
    pub length: u32,
}

impl Frame {
    /// Whether a viewer can begin here.
    pub fn is_keyframe(&self) -> bool {
        self.medium == Medium::Picture { index: 0 }
    }
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Video.
    Picture {
        /// Its place behind the keyframe, which is 0.
        index: u32,
    },
    /// Audio.
    Sound,
}

fn sound_at(index: u32) -> Duration {
    let samples = u64::from(index) * aac::FRAME_SAMPLES;
    Duration::from_micros(samples * 1_000_000 / aac::SAMPLE_RATE)
}

/// A keyframe is as long as so many other pictures: what encoders of live video come to.
const KEYFRAME_WEIGHT: u32 = 6;
/// What servers take as one message.
const MAX_KEYFRAME_LEN: u64 = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(video: u64, audio: u64) -> Plan {
        Plan::new(video, 25, Duration::from_secs(2), audio).unwrap()
    }

    fn first_seconds(plan: Plan, seconds: u64) -> Vec<Frame> {
        let end = Duration::from_secs(seconds);
        plan.frames().take_while(|frame| frame.due < end).collect()
    }

    #[test]
    fn bitrates_are_met_over_each_group_of_pictures() {
        let frames = first_seconds(plan(1_500_000, 128_000), 10);
        let bytes = |picture: bool| {
            let is_wanted = |frame: &&Frame| (frame.medium != Medium::Sound) == picture;
            let lengths = frames.iter().filter(is_wanted).map(|frame| frame.length);
            lengths.sum::<u32>()
        };

        assert_eq!(bytes(true), 10 * 1_500_000 / 8);
        assert!(bytes(false).abs_diff(10 * 128_000 / 8) < 400);
    }

    #[test]
    fn frames_come_in_the_order_in_which_they_are_due() {
        let frames = first_seconds(plan(500_000, 64_000), 4);

        assert!(frames.is_sorted_by_key(|frame| frame.due));
        let sounds = frames.iter().filter(|frame| frame.medium == Medium::Sound);
        assert_eq!(sounds.count(), 173);
        assert_eq!(frames.len(), 100 + 173);
    }

    #[test]
    fn each_group_begins_with_a_keyframe() {
        let keyframes: Vec<u32> = first_seconds(plan(500_000, 0), 5)
            .iter()
            .filter(|frame| frame.medium == Medium::Picture { index: 0 })
            .map(|frame| frame.sequence)
            .collect();

        assert_eq!(keyframes, [0, 50, 100]);
    }

    #[test]
    fn plan_without_room_for_a_mark_is_refused() {
        let error = Plan::new(10_000, 60, Duration::from_secs(2), 0).unwrap_err();

        assert_eq!(error.to_string(), "pictures of 20 bytes have no room for a mark: raise --bitrate or lower --fps");
        assert!(Plan::new(1_000_000_000, 25, Duration::from_secs(10), 0).is_err());
    }
}

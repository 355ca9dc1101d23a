//! Silence that any AAC decoder takes, filled up to the length that the bitrate asks for, in FLV's AAC framing.
//! A mark rides in a data stream element in front of the sound (ISO 14496-3, 4.4.2.1).

use super::mark::{self, Mark};

/// The message with the decoder configuration, to be sent first: AAC-LC, 44.1 kHz, one channel.
pub const CONFIGURATION: [u8; 4] = [0xAF, 0, 0x12, 0x08];

/// Samples in a second.
pub const SAMPLE_RATE: u64 = 44_100;

/// Samples in a frame.
pub const FRAME_SAMPLES: u64 = 1024;

/// Where the mark is in a frame's message.
pub const MARK_OFFSET: usize = 4;

/// The length of a frame without any filler, in bytes.
pub const MIN_FRAME_LEN: usize = 2 + (2 + mark::LEN) + SILENCE.len();

/// One frame of exactly `mark.length` bytes; of [`MIN_FRAME_LEN`] if that is less, and one above is not possible.
pub fn frame(mark: &Mark) -> Vec<u8> {
    let length = usize::try_from(mark.length).unwrap_or_default();
    let mut payload = Vec::with_capacity(length.max(MIN_FRAME_LEN));
    payload.extend([0xAF, 1]);
    push_element(&mut payload, &mark.encode());
    let mut filler = length.saturating_sub(payload.len() + SILENCE.len());
    while filler > 1 {
        // What is left over is either nothing or an element of its own.
        let element = match filler {
            ..=MAX_ELEMENT_LEN => filler,
            _ => MAX_ELEMENT_LEN - 2,
        };
        push_element(&mut payload, &vec![0; element - 2]);
        filler -= element;
    }
    payload.extend(SILENCE);
    payload
}

/// A data stream element of less than 255 bytes, aligned as it begins and ends.
fn push_element(payload: &mut Vec<u8>, bytes: &[u8]) {
    payload.push(DATA_STREAM_ELEMENT);
    payload.push(u8::try_from(bytes.len()).unwrap_or_default());
    payload.extend(bytes);
}

/// The element's type in 3 bits, no instance, no alignment.
const DATA_STREAM_ELEMENT: u8 = 0x80;
/// The longest element that needs no second length byte.
const MAX_ELEMENT_LEN: usize = 2 + 254;
/// One channel without a sound, and the end of the frame.
const SILENCE: [u8; 6] = [0x00, 0xC8, 0x00, 0x80, 0x23, 0x80];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn frames_have_the_announced_length_and_carry_their_mark() {
        for length in (76..800).chain([MIN_FRAME_LEN as u32]) {
            let mark = Mark { run: 1, publisher: 2, sequence: 3, length, sent: Duration::from_secs(4) };

            let payload = frame(&mark);

            assert_eq!(payload.len(), length as usize);
            assert_eq!(Mark::decode(&payload, MARK_OFFSET), Some(mark));
        }
    }
}

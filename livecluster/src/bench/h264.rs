//! Video of one grey macroblock that any H.264 decoder takes, filled up to the length that the bitrate asks for.
//! Pictures are in FLV's AVC framing; a mark rides as user data in front of each slice.

use super::mark::{self, Mark};

/// The message with the decoder configuration (ISO 14496-15, 5.2.4.1), to be sent first.
pub fn configuration() -> Vec<u8> {
    let [_, profile, constraints, level, ..] = SPS;
    let head = [0x17, 0, 0, 0, 0, 1, profile, constraints, level, 0xFF];
    let sps = [&[0xE1, 0, 7], &SPS[..]].concat();
    let pps = [&[1, 0, 4], &PPS[..]].concat();
    [&head[..], &sps, &pps].concat()
}

/// One picture of exactly `mark.length` bytes, but at least [`MIN_FRAME_LEN`]. `index` is its place in the group of
/// pictures: 0 is the keyframe.
pub fn frame(mark: &Mark, index: u32) -> Vec<u8> {
    let length = usize::try_from(mark.length).unwrap_or_default();
    let mut payload = Vec::with_capacity(length.max(MIN_FRAME_LEN));
    let frame_type = if index == 0 { 0x17 } else { 0x27 };
    payload.extend([frame_type, 1, 0, 0, 0]);
    push_unit(&mut payload, &user_data(mark));
    if index == 0 {
        push_unit(&mut payload, &IDR_SLICE);
    } else {
        push_unit(&mut payload, &skipped_slice(index));
    }
    push_filler(&mut payload, length);
    payload
}

/// The message that says that no picture follows.
pub const END: [u8; 5] = [0x17, 2, 0, 0, 0];

/// Where the mark is in a picture's message.
pub const MARK_OFFSET: usize = 12;

/// The length of a picture without any filler, in bytes.
pub const MIN_FRAME_LEN: usize = 5 + (4 + 4 + mark::LEN) + (4 + IDR_SLICE.len()) + (4 + 2);

fn push_unit(payload: &mut Vec<u8>, unit: &[u8]) {
    payload.extend(u32::try_from(unit.len()).unwrap_or_default().to_be_bytes());
    payload.extend(unit);
}

/// Supplemental enhancement information of type 5: user data, unregistered.
fn user_data(mark: &Mark) -> Vec<u8> {
    let length = u8::try_from(mark::LEN).unwrap_or_default();
    [&[6, 5, length], &mark.encode()[..], &[STOP]].concat()
}

/// A P slice in which every macroblock is as it was. The slice header holds the number of the frame in 16 bits; the
/// bits around it are constant, and no number makes a start code of them.
fn skipped_slice(index: u32) -> [u8; 5] {
    let bits = 0b100_1101 << 25 | (index & 0xFFFF) << 9 | 0b0_0010_1010;
    let [a, b, c, d] = bits.to_be_bytes();
    [0x41, a, b, c, d]
}

/// Fills a payload up to `length` with a unit that decoders skip (ITU-T H.264, 7.3.2.7).
fn push_filler(payload: &mut Vec<u8>, length: usize) {
    let unit = length.saturating_sub(payload.len() + 4).max(2);
    payload.extend(u32::try_from(unit).unwrap_or_default().to_be_bytes());
    payload.push(12);
    payload.resize(payload.len() + unit - 2, 0xFF);
    payload.push(STOP);
}

/// Baseline, level 3.1, 16 x 16, frame numbers of 16 bits, output in the order of decoding.
const SPS: [u8; 7] = [0x67, 0x42, 0xC0, 0x1F, 0x8D, 0x69, 0xE4];
/// CAVLC, one slice group, one reference.
const PPS: [u8; 4] = [0x68, 0xCE, 0x38, 0x80];
/// One intra macroblock, predicted from nothing: grey.
const IDR_SLICE: [u8; 6] = [0x65, 0x88, 0x80, 0x00, 0x49, 0x3C];
/// The bit that ends a unit, and the zeros behind it.
const STOP: u8 = 0x80;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use livecluster_rtmp::codec::{Role, classify};
    use livecluster_rtmp::message::Kind;

    use super::*;

    fn mark(length: u32) -> Mark {
        Mark { run: 1, publisher: 2, sequence: 3, length, sent: Duration::from_secs(4) }
    }

    /// The types of the units of a picture.
    fn units(payload: &[u8]) -> Vec<u8> {
        let (mut rest, mut types) = (&payload[5..], Vec::new());
        while let Some((length, tail)) = rest.split_first_chunk() {
            let (unit, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
            types.push(unit[0] & 0x1F);
            rest = tail;
        }
        assert!(rest.is_empty());
        types
    }

    #[test]
    fn pictures_have_the_announced_length_and_carry_their_mark() {
        for (length, index) in [(7500, 0), (1000, 1), (100_000, 49), (101, 255)] {
            let payload = frame(&mark(length), index);

            assert_eq!(payload.len(), length as usize);
            assert_eq!(Mark::decode(&payload, MARK_OFFSET), Some(mark(length)));
            assert_eq!(units(&payload), [6, if index == 0 { 5 } else { 1 }, 12]);
        }
    }

    #[test]
    fn no_picture_is_too_short_for_its_mark() {
        assert_eq!(frame(&mark(0), 0).len(), MIN_FRAME_LEN);
    }

    #[test]
    fn a_relay_knows_keyframe_configuration_and_end() {
        let keyframe = |payload: &[u8]| classify(Kind::VIDEO, payload).is_keyframe();

        assert!(keyframe(&frame(&mark(500), 0)));
        assert!(!keyframe(&frame(&mark(500), 1)));
        assert!(classify(Kind::VIDEO, &configuration()).is_header());
        assert_eq!(classify(Kind::VIDEO, &END).role, Role::SequenceEnd);
    }

    #[test]
    fn no_frame_number_makes_a_start_code() {
        for index in 1..=0x1_0000 {
            let slice = skipped_slice(index);
            let emulates = |bytes: &[u8]| matches!(bytes, [0, 0, 0..=3]);

            assert!(!slice.windows(3).any(emulates), "frame {index}");
        }
    }
}

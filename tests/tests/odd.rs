//! Publishers that send what is legal, or nearly so, and rare.

use livecluster_rtmp::chunk::control::Control;
use livecluster_rtmp::message::Kind;
use livecluster_tests::local::raw::{chunks, message};
use livecluster_tests::local::{Client, Cluster, Frame, Options, Pace, Part};

/// What a publisher sends in chunks of the first size, and the frames that it holds.
struct Oddity {
    what: &'static str,
    bytes: Vec<u8>,
    frames: Vec<Frame>,
}

const fn oddity(what: &'static str, bytes: Vec<u8>, frames: Vec<Frame>) -> Oddity {
    Oddity { what, bytes, frames }
}

/// Frames in two chunks.
const PACE: Pace = Pace { bytes: 200, interval: std::time::Duration::ZERO, keyframe_every: 50 };

/// Audio and video of one frame, and the chunk headers that they need.
struct Pieces {
    video_header: Vec<u8>,
    head: Vec<u8>,
    /// With its chunk header.
    tail: Vec<u8>,
    audio_header: Vec<u8>,
    audio: Vec<u8>,
}

impl Pieces {
    fn of(number: u32) -> Self {
        let [video, audio] = PACE.frame(1, number).map(|message| message.payload);
        let (head, tail) = video.split_at(128);
        Self {
            video_header: vec![4, 0, 0, 0, 0, 0, 200, 9, 1, 0, 0, 0],
            head: head.to_vec(),
            tail: [b"\xc4", tail].concat(),
            audio_header: vec![5, 0, 0, 0, 0, 0, 106, 8, 1, 0, 0, 0],
            audio: audio.to_vec(),
        }
    }

    fn half(&self) -> Vec<u8> {
        [&self.video_header[..], &self.head].concat()
    }

    fn whole(&self) -> Vec<u8> {
        [self.half(), self.tail.clone()].concat()
    }
}

fn odd_chunks() -> Vec<Oddity> {
    let (earlier, frame, later) = (Pieces::of(49), Pieces::of(50), Pieces::of(51));
    let abort = message(Kind::ABORT, vec![0, 0, 0, 4]);
    let audio = [&frame.audio_header[..], &frame.audio].concat();
    let keyframe = || vec![Frame::Keyframe(50)];
    vec![
        oddity(
            "audio between the chunks of a video message",
            [&frame.half()[..], &audio, &frame.tail].concat(),
            vec![Frame::Audio(50), Frame::Keyframe(50)],
        ),
        oddity("a message that is aborted", [earlier.half(), abort, frame.whole()].concat(), keyframe()),
        oddity("a message that begins anew", [earlier.half(), frame.whole()].concat(), keyframe()),
        oddity("a video message of nothing", b"\x04\0\0\0\0\0\0\x09\x01\0\0\0".to_vec(), vec![Frame::Empty]),
        oddity(
            "a chunk stream that begins without a message stream",
            [&b"\x47\0\0\0\0\0\x6a\x08"[..], &frame.audio].concat(),
            vec![Frame::Audio(50)],
        ),
        oddity(
            "an extended time of nothing",
            [&audio[..], b"\x45\xff\xff\xff\0\0\x6a\x08\0\0\0\0", &later.audio].concat(),
            vec![Frame::Audio(50), Frame::Audio(51)],
        ),
        oddity(
            "an extended time that is not repeated",
            [&b"\x04\xff\xff\xff\0\0\xc8\x09\x01\0\0\0\x01\0\0\0"[..], &frame.head, &frame.tail].concat(),
            keyframe(),
        ),
    ]
}

fn odd_control() -> Vec<Oddity> {
    let largest_window = message(Kind::WINDOW_ACKNOWLEDGEMENT_SIZE, vec![0xff; 4]);
    let unknown_event = [&[0, 27][..], &[0; 42]].concat();
    let ping = chunks(&Control::PingRequest(7).encode());
    vec![
        oddity("the largest window", largest_window, vec![]),
        oddity("an event that nobody knows", message(Kind::USER_CONTROL, unknown_event), vec![]),
        oddity("a ping", ping, vec![]),
    ]
}

fn odd_values() -> Vec<Oddity> {
    let of_amf3 = &b"\0\x02\0\x03odd\0\x40\x14\0\0\0\0\0\0\x05\x11\x01"[..];
    let of_all_types = [
        &b"\x02\0\x03odd\0\x40\x14\0\0\0\0\0\0\x05"[..],
        b"\x0b\0\0\0\0\0\0\0\0\0\0",
        b"\x0c\0\0\0\x03abc",
        b"\x10\0\x01T\0\x01a\x05\0\0\x09",
        b"\x07\0\0",
    ];
    let data = |kind: u8, payload: &[u8]| {
        let len = u8::try_from(payload.len()).expect("a short message");
        [&[3, 0, 0, 0, 0, 0, len, kind, 1, 0, 0, 0][..], payload].concat()
    };
    let set_nothing = b"\x02\0\x0d@setDataFrame";
    let set_no_metadata = b"\x02\0\x0d@setDataFrame\x02\0\x0aonMetaData";
    vec![
        oddity("no data at all", data(18, b""), vec![Frame::Empty]),
        oddity("@setDataFrame of nothing", data(18, set_nothing), vec![]),
        oddity("metadata of nothing", data(18, set_no_metadata), vec![Frame::Metadata]),
        oddity("data of AMF3", data(15, b"\0\x02\0\x0aonTextData\x05"), vec![Frame::Metadata]),
        oddity("a value of AMF3", message(Kind::COMMAND_AMF3, of_amf3.to_vec()), vec![]),
        oddity("values of all types", message(Kind::COMMAND_AMF0, of_all_types.concat()), vec![]),
    ]
}

/// Publishes a stream with something odd in the middle, and returns the frames that a viewer gets of that.
async fn what_comes_of(bytes: &[u8], edge: &Part, name: &str) -> Vec<Frame> {
    let mut publisher = Client::connect(edge).await;
    let stream_id = publisher.publish(name).await;
    let before = PACE.headers(stream_id).into_iter().chain(PACE.frame(stream_id, 0));
    before.for_each(|message| publisher.queue(&message));
    publisher.flush().await.expect("the edge takes it");
    let mut viewer = Client::connect(edge).await;
    viewer.play(name).await;
    while Frame::of(&viewer.media().await) != Frame::Audio(0) {}

    let chunk_size = |size: u32| message(Kind::SET_CHUNK_SIZE, size.to_be_bytes().to_vec());
    publisher.queue_raw(&chunk_size(128));
    publisher.queue_raw(bytes);
    publisher.queue_raw(&chunk_size(60_000));
    let after = PACE.frame(stream_id, 100);
    after.iter().for_each(|message| publisher.queue(message));

    assert!(publisher.is_answered().await, "the publisher is closed");
    let mut came = Vec::new();
    while came.last() != Some(&Frame::Keyframe(100)) {
        came.push(Frame::of(&viewer.media().await));
    }
    came.pop();
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_publishers_are_understood() {
    let cluster = Cluster::start(Options { edges: 1, ..Options::default() }).await;
    let all = [odd_chunks(), odd_control(), odd_values()];

    for (index, oddity) in all.into_iter().flatten().enumerate() {
        println!("{}", oddity.what);
        let name = format!("odd-{index}");
        let came = what_comes_of(&oddity.bytes, &cluster.edges[0], &name).await;
        assert_eq!(came, oddity.frames);
    }
}

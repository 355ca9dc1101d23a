//! A viewer and the frames that come to it.

use livecluster_rtmp::chunk::{Chunked, Limits, Reader, csid};

use super::*;
use crate::bench::{aac, h264};

const START: Duration = Duration::from_secs(1_780_000_000);
const PUBLISHER: u32 = 3;

/// A viewer that asked to play at [`START`], and what it counts.
struct Scene {
    viewer: Viewer,
    counts: Counts,
}

impl Scene {
    fn playing() -> Self {
        let (mut viewer, mut counts) = (Viewer::new(PUBLISHER), Counts::new());
        viewer.connect(START - Duration::from_millis(10));
        viewer.ask(START, &mut counts);
        viewer.play(&mut counts);
        Self { viewer, counts }
    }

    fn handle(&mut self, message: &Message, milliseconds: u64) {
        self.viewer.handle(message, at(milliseconds), &mut self.counts);
    }

    fn longest_pause(&self, milliseconds: u64) -> Option<Duration> {
        self.viewer.longest_pause(at(milliseconds))
    }
}

fn at(milliseconds: u64) -> Duration {
    START + Duration::from_millis(milliseconds)
}

fn mark(sequence: u32, sent: u64) -> Mark {
    Mark { run: 1, publisher: PUBLISHER, sequence, length: 200, sent: at(sent) }
}

/// Picture `sequence`, sent 40 ms a picture from [`START`] on. Every 10th is a keyframe.
fn picture(sequence: u32) -> Message {
    let sent = u64::from(sequence) * 40;
    message(Kind::VIDEO, sequence * 40, h264::frame(&mark(sequence, sent), sequence % 10))
}

fn message(kind: Kind, timestamp: u32, payload: Vec<u8>) -> Message {
    Message { kind, timestamp, stream_id: 1, payload: payload.into() }
}

#[test]
fn frames_count_from_the_first_keyframe_on() {
    let mut scene = Scene::playing();

    for sequence in 7..20 {
        scene.handle(&picture(sequence), u64::from(sequence) * 40 + 5);
    }

    assert_eq!((scene.counts.watching, scene.counts.frames), (1, 10));
    assert_eq!((scene.counts.lost, scene.counts.damaged), (0, 0));
    let first_keyframe = scene.counts.first_keyframe.percentiles().unwrap();
    assert!((first_keyframe.p50 - 405.0).abs() < 1.0, "{first_keyframe:?}");
    let connect = scene.counts.connect.percentiles().unwrap();
    assert!((connect.p50 - 10.0).abs() < 1.0, "{connect:?}");
}

#[test]
fn loss_repeats_and_disorder_are_told_apart() {
    let mut scene = Scene::playing();

    for sequence in [0, 1, 1, 4, 3, 5] {
        scene.handle(&picture(sequence), 500);
    }

    let Counts { lost, repeated, out_of_order, timestamps_back, .. } = scene.counts;
    assert_eq!((lost, repeated, out_of_order), (1, 1, 1));
    assert_eq!(timestamps_back, 1);
}

#[test]
fn video_and_audio_have_sequences_of_their_own() {
    let mut scene = Scene::playing();

    scene.handle(&picture(0), 5);
    for sequence in [100, 101, 103] {
        let audio = aac::frame(&mark(sequence, 0));
        scene.handle(&message(Kind::AUDIO, sequence, audio), 5);
    }

    assert_eq!((scene.counts.lost, scene.counts.marked), (1, 4));
}

#[test]
fn latency_is_that_of_frames_sent_since_play() {
    let mut scene = Scene::playing();
    let old = Mark { sent: START - Duration::from_secs(1), ..mark(0, 0) };

    scene.handle(&message(Kind::VIDEO, 0, h264::frame(&old, 0)), 1);
    assert_eq!(scene.counts.latency.percentiles(), None);

    scene.handle(&picture(1), 47);
    let latency = scene.counts.latency.percentiles().unwrap();
    assert!((latency.max - 7.0).abs() < 0.1, "{latency:?}");
}

#[test]
fn longest_pause_includes_the_one_that_goes_on() {
    let mut scene = Scene::playing();
    assert_eq!(scene.longest_pause(900), None);

    scene.handle(&picture(0), 0);
    scene.handle(&picture(1), 300);
    scene.handle(&picture(2), 340);

    assert_eq!(scene.longest_pause(400), Some(Duration::from_millis(300)));
    assert_eq!(scene.longest_pause(1340), Some(Duration::from_secs(1)));
}

#[test]
fn after_the_end_of_a_stream_nothing_is_due() {
    let mut scene = Scene::playing();
    let end = message(Kind::VIDEO, 80, h264::END.to_vec());

    scene.handle(&picture(0), 0);
    scene.handle(&end, 40);

    assert_eq!(scene.longest_pause(9000), Some(Duration::ZERO));
}

#[test]
fn publisher_that_comes_back_loses_nothing() {
    let mut scene = Scene::playing();
    let back = Mark { run: 2, ..mark(0, 900) };

    scene.handle(&picture(30), 1205);
    scene.handle(&message(Kind::VIDEO, 0, h264::frame(&back, 0)), 1300);

    let counts = scene.counts;
    assert_eq!((counts.lost, counts.repeated, counts.timestamps_back), (0, 0, 0));
}

#[test]
fn frames_of_another_length_or_publisher_are_damaged() {
    let mut scene = Scene::playing();
    let mut cut = picture(0);
    cut.payload.truncate(190);
    let foreign = Mark { publisher: 4, ..mark(1, 40) };

    scene.handle(&cut, 5);
    scene.handle(&message(Kind::VIDEO, 40, h264::frame(&foreign, 1)), 45);

    assert_eq!(scene.counts.damaged, 2);
}

#[test]
fn streams_without_marks_are_counted() {
    let mut scene = Scene::playing();

    for (timestamp, first) in [(0, 0x17), (40, 0x27), (30, 0x27)] {
        let payload = vec![first, 1, 0, 0, 0, 1, 2, 3];
        scene.handle(&message(Kind::VIDEO, timestamp, payload), 5);
    }

    let counts = scene.counts;
    assert_eq!((counts.frames, counts.marked, counts.lost), (3, 0, 0));
    assert_eq!(counts.timestamps_back, 1);
}

#[test]
fn timestamps_may_wrap_around() {
    let mut scene = Scene::playing();

    for timestamp in [u32::MAX - 39, 0, 40] {
        let payload = vec![0x17, 1, 0, 0, 0];
        scene.handle(&message(Kind::VIDEO, timestamp, payload), 5);
    }

    assert_eq!(scene.counts.timestamps_back, 0);
}

#[test]
fn marks_survive_chunks_of_any_size() {
    for chunk_size in [1, 7, 128, 4096] {
        let (mut scene, mut wire) = (Scene::playing(), Vec::new());
        let set = livecluster_rtmp::chunk::control::Control::SetChunkSize(chunk_size).encode();
        Chunked::new(2, &set, 128).write(&mut wire);
        for sequence in 0..20 {
            let message = picture(sequence);
            Chunked::new(csid(message.kind), &message, chunk_size as usize).write(&mut wire);
        }

        let (mut reader, mut input) = (Reader::new(Limits::default()), &wire[..]);
        while let Some(message) = reader.read(&mut input).unwrap() {
            scene.handle(&message, 1000);
        }

        let counts = scene.counts;
        assert_eq!((counts.marked, counts.lost, counts.damaged), (20, 0, 0));
    }
}

/// A viewer that has seen pictures up to 14 from keyframe 10 on, and then asks to play over another connection.
fn moving() -> Scene {
    let mut scene = Scene::playing();
    show(&mut scene, 10..15);
    scene.viewer.ask_next(at(600));
    scene
}

fn show(scene: &mut Scene, pictures: std::ops::Range<u32>) {
    pictures.for_each(|sequence| scene.handle(&picture(sequence), 600));
}

/// Over the next connection.
fn show_next(scene: &mut Scene, pictures: impl IntoIterator<Item = u32>) {
    for sequence in pictures {
        scene.viewer.handle_next(&picture(sequence), at(700), &mut scene.counts);
    }
}

/// Frames, those over both connections, those that are lost, and those that came again.
fn sums(scene: &Scene) -> [u64; 4] {
    let Counts { frames, overlap, lost, repeated, out_of_order, .. } = scene.counts;
    [frames, overlap, lost, repeated + out_of_order]
}

#[test]
fn frames_over_both_connections_count_once() {
    let mut scene = moving();

    show_next(&mut scene, 10..17);
    show(&mut scene, 15..18);
    assert!(scene.viewer.may_go_over(at(700)));
    scene.viewer.go_over(&mut scene.counts);
    show(&mut scene, 17..20);

    assert_eq!(sums(&scene), [10, 8, 0, 0]);
    assert_eq!((scene.counts.moved, scene.counts.watching), (1, 1));
    assert_eq!(scene.counts.timestamps_back, 0);
}

#[test]
fn viewer_stays_until_nothing_is_missing_between_its_connections() {
    let mut scene = moving();

    show_next(&mut scene, 18..20);
    assert!(!scene.viewer.may_go_over(at(700)), "without a keyframe");
    show_next(&mut scene, 20..22);
    assert!(!scene.viewer.may_go_over(at(700)), "15 to 19 are to come");
    show(&mut scene, 15..20);
    assert!(scene.viewer.may_go_over(at(700)));
    scene.viewer.go_over(&mut scene.counts);
    show(&mut scene, 22..25);

    assert_eq!(sums(&scene), [15, 0, 0, 0]);
}

#[test]
fn sound_has_to_be_there_too() {
    let mut scene = Scene::playing();
    let sound = |sequence| message(Kind::AUDIO, sequence * 23, aac::frame(&mark(sequence, 0)));
    show(&mut scene, 10..12);
    scene.handle(&sound(20), 600);
    scene.viewer.ask_next(at(600));

    show_next(&mut scene, 10..13);
    assert!(!scene.viewer.may_go_over(at(700)));
    scene.viewer.handle_next(&sound(21), at(700), &mut scene.counts);

    assert!(scene.viewer.may_go_over(at(700)));
}

#[test]
fn hole_between_two_connections_is_a_loss() {
    let mut scene = moving();

    show_next(&mut scene, 20..22);
    assert!(!scene.viewer.may_go_over(at(5699)));
    assert!(scene.viewer.may_go_over(at(5700)), "what does not come is not waited for");
    scene.viewer.go_over(&mut scene.counts);

    assert_eq!(sums(&scene), [7, 0, 5, 0]);
}

#[test]
fn hole_is_found_when_the_next_connection_begins_late() {
    let mut scene = moving();

    scene.viewer.go_over(&mut scene.counts);
    show(&mut scene, 17..20);

    assert_eq!(sums(&scene), [8, 0, 2, 0]);
}

#[test]
fn connection_that_repeats_is_found_out_beside_another() {
    let mut scene = moving();

    show_next(&mut scene, [10, 11, 11, 12, 13, 14, 15]);

    assert_eq!(scene.counts.repeated, 1);
}

#[test]
fn publisher_that_came_back_meanwhile_makes_no_hole() {
    let mut scene = moving();
    let back = Mark { run: 2, ..mark(0, 700) };

    scene.viewer.handle_next(&message(Kind::VIDEO, 0, h264::frame(&back, 0)), at(700), &mut scene.counts);
    assert!(scene.viewer.may_go_over(at(700)));
    scene.viewer.go_over(&mut scene.counts);

    assert_eq!(sums(&scene), [6, 0, 0, 0]);
}

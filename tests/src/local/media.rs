//! A sample of real media, and the frames of it as ffmpeg tells them apart.

use std::path::{Path, PathBuf};

use tokio::process::Command;
use tokio::sync::OnceCell;

use super::binary;

/// 20 seconds of H.264 (25 frames a second, a keyframe each 2 seconds, no B-frames) and AAC in an FLV file, made once
/// for all tests.
pub async fn sample() -> &'static Path {
    static SAMPLE: OnceCell<PathBuf> = OnceCell::const_new();
    SAMPLE.get_or_init(make_sample).await
}

async fn make_sample() -> PathBuf {
    let directory = binary::target().join("tmp");
    let path = directory.join("sample.flv");
    if path.exists() {
        return path;
    }
    std::fs::create_dir_all(&directory).expect("a directory");
    let unfinished = tempfile::NamedTempFile::new_in(&directory).expect("a file");
    let mut command = ffmpeg();
    command
        .args(["-y", "-f", "lavfi", "-i"])
        .arg("testsrc2=size=320x180:rate=25:duration=20")
        .args(["-f", "lavfi", "-i", "aevalsrc=random(0)/8:d=20:s=44100"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"])
        .args(["-g", "50", "-keyint_min", "50", "-sc_threshold", "0"])
        .args(["-b:v", "400k", "-pix_fmt", "yuv420p"])
        .args(["-c:a", "aac", "-b:a", "64k", "-f", "flv"])
        .arg(unfinished.path());
    run(command).await;
    // Whole or not there: other test processes look for it too.
    unfinished.persist(&path).expect("the same directory");
    path
}

/// ffmpeg that says only what goes wrong.
pub fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "fatal"]);
    command
}

async fn run(mut command: Command) -> String {
    let output = command.output().await.expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// The frames of a file or of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frames {
    video: Vec<Frame>,
    audio: Vec<Frame>,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    /// How many frames of any kind were before it.
    place: usize,
    /// When it is shown, in milliseconds.
    time: i64,
    /// Of its bytes.
    hash: String,
}

impl Frames {
    /// Of the sample.
    pub async fn of_sample() -> Self {
        Self::of(sample().await).await
    }

    /// Of a media file, or of the list that ffmpeg's `framemd5` makes of one.
    pub async fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("a recording");
        if bytes.starts_with(b"#format") {
            return Self::parse(&String::from_utf8(bytes).expect("text"));
        }
        let mut command = ffmpeg();
        command.arg("-i").arg(path);
        command.args(["-map", "0:v", "-map", "0:a", "-c", "copy"]);
        command.args(["-f", "framemd5", "-"]);
        Self::parse(&run(command).await)
    }

    fn parse(list: &str) -> Self {
        let (mut video, mut audio) = (Vec::new(), Vec::new());
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        for (place, line) in lines.enumerate() {
            let fields: Vec<_> = line.split(',').map(str::trim).collect();
            let [stream, _, time, .., hash] = fields[..] else {
                panic!("a frame: {line}");
            };
            let frames = match stream {
                "0" => &mut video,
                _ => &mut audio,
            };
            frames.push(Frame { place, time: time.parse().expect("a time"), hash: hash.to_owned() });
        }
        Self { video, audio }
    }

    /// Panics unless these are the frames of `sent` from a video frame on, the audio behind it too: none is left out,
    /// none comes twice, and time goes on as it did. Returns how many video frames were sent before.
    pub fn assert_rest_of(&self, sent: &Self) -> usize {
        let skipped = sent.video.len().checked_sub(self.video.len());
        let skipped = skipped.expect("no more video than was sent");
        let video = &sent.video[skipped..];
        let start = video.first().expect("some video").place;
        let is_behind = |frame: &&Frame| frame.place > start;
        let audio: Vec<_> = sent.audio.iter().filter(is_behind).cloned().collect();
        let video_shift = assert_same("video", &self.video, video);
        let audio_shift = assert_same("audio", &self.audio, &audio);
        assert!((video_shift - audio_shift).abs() <= 1, "audio and video");
        skipped
    }
}

/// Returns by how many milliseconds the times differ.
fn assert_same(what: &str, came: &[Frame], sent: &[Frame]) -> i64 {
    let pairs = || came.iter().zip(sent);
    let differs = pairs().position(|(came, sent)| came.hash != sent.hash);
    assert_eq!((differs, came.len()), (None, sent.len()), "{what}");
    let shifts = || pairs().map(|(came, sent)| came.time - sent.time);
    let least = shifts().min().unwrap_or_default();
    let most = shifts().max().unwrap_or_default();
    assert!(most - least <= 1, "{what}: time moves by {} ms", most - least);
    least
}

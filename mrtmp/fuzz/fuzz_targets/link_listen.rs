//! Any bytes from whoever dials. Nobody gets in without the secret; no byte makes the link panic or grow.
#![no_main]

use std::sync::Arc;
use std::time::{Duration, Instant};

use livecluster_mrtmp::id::BootId;
use livecluster_mrtmp::link::{Config, Link, Opening, Role, Secrets};

libfuzzer_sys::fuzz_target!(|input: (u16, u16, &[u8])| {
    let (at, wait, bytes) = input;
    let mut now = Instant::now();
    let mut link = Link::listen(
        config(),
        Opening {
            nonce: [2; 32],
            number: 0,
            generation: 1,
        },
        now,
    );
    let mut output = Vec::new();
    let (first, second) = bytes.split_at(usize::from(at).min(bytes.len()));
    for piece in [first, second] {
        if link.handle_input(piece, now).is_err() {
            break;
        }
        now += Duration::from_millis(wait.into());
        let _ = link.handle_timeout(now);
        link.poll_output(now, &mut output);
        assert!(output.len() < 1024);
    }
    assert!(link.peer().is_none() && link.poll_event().is_none());
});

fn config() -> Arc<Config> {
    let secrets =
        Secrets::new(vec![b"a secret that no one guesses".to_vec()]).expect("it is long enough");
    let name = "demo-origin-0".into();
    Arc::new(Config::new(
        "cluster".into(),
        name,
        Role::Origin,
        BootId(0x0a),
        secrets,
    ))
}

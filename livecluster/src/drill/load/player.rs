//! One viewer: watches, and connects again when it has lost its connection.

use std::time::Duration;

use tokio::time::sleep;

use crate::bench::lock;
use crate::bench::play::Player;
use crate::drill::audience::Audience;

/// Watches for as long as the task runs.
pub async fn play(player: Player<Audience>) {
    loop {
        let Err(lost) = player.watch().await;
        lock(&player.audience).lose(player.index, &lost);
        sleep(RETRY).await;
    }
}

/// Between two connections.
const RETRY: Duration = Duration::from_millis(500);

//! Faults of the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::drill::stage::Stage;

/// Three busy threads a core for some seconds. Nothing is broken, so that nothing need move.
pub async fn starve(stage: &mut Stage) -> anyhow::Result<()> {
    let everyone = stage.load.audience().find(|_, _| true);
    stage.begin(everyone);
    let busy = Arc::new(AtomicBool::new(true));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let spinners: Vec<_> = (0..cores.saturating_mul(3).min(MAX_SPINNERS)).map(|_| spin(Arc::clone(&busy))).collect();
    sleep(STARVED).await;
    busy.store(false, Ordering::Relaxed);
    for spinner in spinners {
        spinner.await?;
    }
    Ok(())
}

fn spin(busy: Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    spawn_blocking(move || {
        while busy.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    })
}

/// For how long.
const STARVED: Duration = Duration::from_secs(5);

/// On machines with many cores.
const MAX_SPINNERS: usize = 384;

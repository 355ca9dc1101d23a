//! The faults themselves. Each chooses whom it hits, says whom that concerns, and returns when it is over.

mod client;
mod edge;
mod link;
mod machine;
mod origin;
mod planned;

use super::fault::Fault;
use super::stage::Stage;

/// Does a fault once. An error says that the cluster did not come back from it, or could not be hit.
pub async fn strike(fault: Fault, stage: &mut Stage) -> anyhow::Result<()> {
    match fault {
        Fault::Kill | Fault::Thin | Fault::Restart => origin::kill(stage, 1).await,
        Fault::Two => origin::kill(stage, 2).await,
        Fault::Freeze => origin::freeze(stage).await,
        Fault::Publisher => client::silence(stage).await,
        Fault::Edge => edge::kill(stage).await,
        Fault::Leave => edge::leave(stage).await,
        Fault::Starved => machine::starve(stage).await,
        Fault::Drain => planned::drain(stage).await,
        Fault::Move => planned::move_one(stage).await,
        Fault::Stop => planned::stop(stage).await,
        Fault::Rollout => planned::roll_out(stage).await,
        Fault::Scale => planned::scale(stage).await,
        Fault::Cut => link::cut(stage).await,
        Fault::Decisions => origin::kill_undecided(stage).await,
    }
}

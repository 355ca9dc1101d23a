//! Why an edge does not start, or ends on its own.

use livecluster_node as node;

/// Each is one line for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not start, or one of its tasks has failed.
    #[error(transparent)]
    Node(#[from] node::Error),
    /// The system does not give it a thread.
    #[error("a worker's thread: {0}")]
    Thread(std::io::Error),
    /// A thread that serves clients has panicked, or could not be set up.
    #[error("a thread that serves clients has failed")]
    Worker,
    /// A panic in the middle of a change.
    #[error("a fault has left the state in doubt")]
    Fault,
}

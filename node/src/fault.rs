//! Tasks that a process can't do without.

use tokio::task::JoinSet;

use crate::Error;

/// Waits until one of the tasks fails. Then the process has to end: what is left would look well from outside and do
/// half of its work, while a process that has ended is replaced. One that ends in good order is no fault. Cancel-safe.
pub async fn of_any(tasks: &mut JoinSet<()>) -> Error {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return Error::Task(error);
        }
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn task_that_panics_is_told_and_one_that_ends_is_not() {
        let mut tasks = JoinSet::new();
        tasks.spawn(async {});
        tasks.spawn(async {
            tokio::task::yield_now().await;
            panic!("a fault on purpose");
        });

        let fault = of_any(&mut tasks).await.to_string();

        assert!(fault.starts_with("a task has failed: "), "{fault}");
        assert!(fault.contains("a fault on purpose"), "{fault}");
    }
}

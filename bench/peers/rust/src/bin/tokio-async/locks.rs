use crate::{joined, per_operation, seconds};
use peers::report;
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::yield_now;

pub async fn mutex(times: u64, tasks: u64) {
    let before = seconds();
    let count = Arc::new(Mutex::new(0));
    let children = (0..tasks)
        .map(|_| {
            let count = count.clone();
            tokio::spawn(async move {
                for _ in 0..times / tasks {
                    let mut held = count.lock().await;
                    *held += 1;
                    if tasks > 1 {
                        yield_now().await;
                    }
                }
                0
            })
        })
        .collect();
    joined(children).await;
    report("ns", per_operation(before, times));
    assert_eq!(*count.lock().await, times / tasks * tasks);
}

pub async fn semaphore(times: u64, tasks: u64, permits: u64) {
    let before = seconds();
    let turns = Arc::new(Semaphore::new(permits as usize));
    let children = (0..tasks)
        .map(|_| {
            let turns = turns.clone();
            tokio::spawn(async move {
                for _ in 0..times / tasks {
                    let _held = turns.acquire().await.expect("an open semaphore");
                    if tasks > 1 {
                        yield_now().await;
                    }
                }
                0
            })
        })
        .collect();
    joined(children).await;
    report("ns", per_operation(before, times));
}

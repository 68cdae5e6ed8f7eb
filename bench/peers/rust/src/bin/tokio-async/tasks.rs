use crate::{joined, per_operation, seconds};
use peers::report;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicU8, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, Semaphore};
use tokio::task::yield_now;

static ENDED: AtomicU64 = AtomicU64::new(0);

// On one thread no child runs before this task waits: all are alive at once.
async fn spawn_and_join(tasks: u64) {
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        children.push(tokio::spawn(async {
            ENDED.fetch_add(1, Ordering::Relaxed);
        }));
    }
    for child in children {
        child.await.expect("a child");
    }
}

// On several threads they wait at a gate: a semaphore that is closed.
async fn spawn_and_join_gated(tasks: u64) {
    let gate = Arc::new(Semaphore::new(0));
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        let gate = gate.clone();
        children.push(tokio::spawn(async move {
            assert!(gate.acquire().await.is_err());
            ENDED.fetch_add(1, Ordering::Relaxed);
        }));
    }
    gate.close();
    for child in children {
        child.await.expect("a child");
    }
}

pub async fn spawn(tasks: u64, one: bool) {
    let mut took = Vec::new();
    for _ in 0..4 {
        ENDED.store(0, Ordering::Relaxed);
        let before = seconds();
        if one {
            spawn_and_join(tasks).await;
        } else {
            spawn_and_join_gated(tasks).await;
        }
        took.push(per_operation(before, tasks));
        assert_eq!(ENDED.load(Ordering::Relaxed), tasks);
    }
    let warm = &mut took[1..];
    warm.sort_by(f64::total_cmp);
    let warm = warm[1];
    report("cold_ns", took[0]);
    report("warm_ns", warm);
}

fn skynet_node(number: u64, size: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if size == 1 {
            return number;
        }
        let part = size / 10;
        let children = (0..10)
            .map(|i| tokio::spawn(skynet_node(number + i * part, part)))
            .collect();
        joined(children).await
    })
}

pub async fn skynet(depth: u64) {
    let leaves = 10u64.pow(depth as u32);
    let before = seconds();
    let sum = skynet_node(0, leaves).await;
    report("s", seconds() - before);
    assert_eq!(sum, leaves * (leaves - 1) / 2);
}

pub async fn yield_turns(tasks: u64, turns: u64) {
    let before = seconds();
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        children.push(tokio::spawn(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            0
        }));
    }
    joined(children).await;
    report("ns", per_operation(before, tasks * turns));
}

pub async fn fairness(tasks: u64) {
    static PHASE: AtomicU8 = AtomicU8::new(NOT_YET);
    const NOT_YET: u8 = 0;
    const COUNTS: u8 = 1;
    const OVER: u8 = 2;
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        children.push(tokio::spawn(async {
            let mut turns = 0u64;
            while PHASE.load(Ordering::Relaxed) == NOT_YET {
                yield_now().await;
            }
            while PHASE.load(Ordering::Relaxed) == COUNTS {
                turns += 1;
                yield_now().await;
            }
            turns
        }));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    PHASE.store(COUNTS, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    PHASE.store(OVER, Ordering::Relaxed);
    let mut all = Vec::new();
    for child in children {
        all.push(child.await.expect("a child"));
    }
    let least = *all.iter().min().expect("a task");
    let most = *all.iter().max().expect("a task");
    report("fairness", least as f64 / most as f64);
}

pub async fn wake(tasks: u64, times: u64) {
    static OVER: AtomicBool = AtomicBool::new(false);
    for _ in 0..tasks {
        tokio::spawn(async {
            while !OVER.load(Ordering::Relaxed) {
                yield_now().await;
            }
        });
    }
    let (wake, mut woken) = mpsc::channel::<Instant>(1);
    let (ready, mut awake) = mpsc::channel::<()>(1);
    let sleeper = tokio::spawn(async move {
        let mut took = Vec::new();
        for _ in 0..times {
            let sent = woken.recv().await.expect("a moment");
            took.push(sent.elapsed().as_nanos() as f64 / 1e3);
            ready.send(()).await.expect("the waker");
        }
        took
    });
    for _ in 0..times {
        yield_now().await;
        wake.send(Instant::now()).await.expect("the sleeper");
        awake.recv().await.expect("the sleeper");
    }
    OVER.store(true, Ordering::Relaxed);
    let mut took = sleeper.await.expect("the sleeper");
    took.sort_by(f64::total_cmp);
    report("p50_us", took[took.len() / 2]);
    report("p99_us", took[took.len() * 99 / 100]);
}

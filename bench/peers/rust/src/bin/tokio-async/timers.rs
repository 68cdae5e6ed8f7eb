use crate::{joined, per_operation, seconds};
use peers::{cpu_seconds, report, resident_bytes};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

pub async fn timers(tasks: u64) {
    let before = cpu_seconds();
    let children = (0..tasks)
        .map(|i| {
            tokio::spawn(async move {
                sleep(Duration::from_millis(1000 + i * 7919 % 1000)).await;
                0
            })
        })
        .collect();
    joined(children).await;
    report("s", cpu_seconds() - before);
}

static ASLEEP: AtomicU64 = AtomicU64::new(0);

pub async fn sleepers(tasks: u64) {
    let before = resident_bytes();
    for _ in 0..tasks {
        tokio::spawn(async {
            ASLEEP.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(3600)).await;
        });
    }
    while ASLEEP.load(Ordering::Relaxed) < tasks {
        yield_now().await;
    }
    report("bytes", (resident_bytes() - before) / tasks as f64);
    std::process::exit(0);
}

pub async fn limits(times: u64, pending: u64) {
    for i in 0..pending {
        tokio::spawn(sleep(Duration::from_millis(3_600_000 + i * 7919 % 1000)));
    }
    yield_now().await;
    let before = seconds();
    for _ in 0..times {
        timeout(Duration::from_secs(10), yield_now())
            .await
            .expect("in time");
    }
    report("ns", per_operation(before, times));
    std::process::exit(0);
}

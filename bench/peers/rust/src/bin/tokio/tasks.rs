use peers::{cpu_seconds, report, resident_bytes};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::sleep;

pub async fn timers(tasks: u64) {
    let before = cpu_seconds();
    let mut children = Vec::with_capacity(tasks as usize);
    for i in 0..tasks {
        let length = Duration::from_millis(1000 + i * 7919 % 1000);
        children.push(tokio::spawn(sleep(length)));
    }
    for child in children {
        child.await.expect("a child");
    }
    report("timers_s", cpu_seconds() - before);
}

pub async fn yield_turns(tasks: u64, turns: u64) {
    let before = cpu_seconds();
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        children.push(tokio::spawn(async move {
            for _ in 0..turns {
                yield_now().await;
            }
        }));
    }
    for child in children {
        child.await.expect("a child");
    }
    report(
        "yield_ns",
        (cpu_seconds() - before) * 1e9 / (tasks * turns) as f64,
    );
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

use peers::{cpu_seconds, report};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::runtime::Runtime;

static ENDED: AtomicU64 = AtomicU64::new(0);

// No child runs before this task waits: all are alive at once.
async fn spawn_and_join(tasks: u64) {
    ENDED.store(0, Ordering::Relaxed);
    let mut children = Vec::with_capacity(tasks as usize);
    for _ in 0..tasks {
        children.push(tokio::spawn(async {
            ENDED.fetch_add(1, Ordering::Relaxed);
        }));
    }
    for child in children {
        child.await.expect("a child");
    }
    assert_eq!(ENDED.load(Ordering::Relaxed), tasks);
}

pub fn run(runtime: &Runtime, tasks: u64) {
    let mut took = Vec::new();
    for _ in 0..4 {
        let before = cpu_seconds();
        runtime.block_on(spawn_and_join(tasks));
        took.push(cpu_seconds() - before);
    }
    let warm = &mut took[1..];
    warm.sort_by(f64::total_cmp);
    let warm = warm[1];
    report("cold_ns", took[0] * 1e9 / tasks as f64);
    report("warm_ns", warm * 1e9 / tasks as f64);
}

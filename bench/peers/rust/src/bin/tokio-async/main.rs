//! The programs of the suite async as one writes them with Tokio: tokio-async THREADS NAME
//! ARGUMENTS..., as `twill_bench_async run`. On its single-threaded runtime if THREADS is 1, else on
//! the other with its default number of threads.

mod channels;
mod locks;
mod tasks;
mod timers;

use peers::{cpu_seconds, wall_seconds};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Builder;

static ONE_CORE: AtomicBool = AtomicBool::new(false);

/// CPU time on one core, else wall-clock time.
fn seconds() -> f64 {
    if ONE_CORE.load(Ordering::Relaxed) {
        cpu_seconds()
    } else {
        wall_seconds()
    }
}

/// Nanoseconds for each operation since `before`.
fn per_operation(before: f64, operations: u64) -> f64 {
    (seconds() - before) * 1e9 / operations as f64
}

fn number(i: usize) -> u64 {
    peers::number(i + 1)
}

/// The sum of what the tasks give.
async fn joined(tasks: Vec<tokio::task::JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a task");
    }
    sum
}

fn main() {
    let one = peers::name() == "1";
    ONE_CORE.store(one, Ordering::Relaxed);
    let mut builder = if one {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let runtime = builder.enable_all().build().expect("a runtime");
    // Spawned, because the task of block_on is outside of the pool.
    let run = |program: std::pin::Pin<Box<dyn std::future::Future<Output = ()> + Send>>| {
        runtime.block_on(async { tokio::spawn(program).await.expect("the program") })
    };
    match peers::argument(0).as_str() {
        "spawn" => run(Box::pin(tasks::spawn(number(0), one))),
        "ping-pong" => run(Box::pin(channels::ping_pong(number(0)))),
        "channel" => run(Box::pin(channels::channel(number(0), number(1), number(2)))),
        "yield" => run(Box::pin(tasks::yield_turns(number(0), number(1)))),
        "skynet" => run(Box::pin(tasks::skynet(number(0)))),
        "sleepers" => run(Box::pin(timers::sleepers(number(0)))),
        "timers" => run(Box::pin(timers::timers(number(0)))),
        "limits" => run(Box::pin(timers::limits(number(0), number(1)))),
        "mutex" => run(Box::pin(locks::mutex(number(0), number(1)))),
        "semaphore" => run(Box::pin(locks::semaphore(number(0), number(1), number(2)))),
        "wake" => run(Box::pin(tasks::wake(number(0), number(1)))),
        "fairness" => run(Box::pin(tasks::fairness(number(0)))),
        other => {
            eprintln!("no program of that name: {other}");
            std::process::exit(2);
        }
    }
}

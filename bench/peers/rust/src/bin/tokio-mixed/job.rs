use peers::{report, wall_seconds};
use rayon::prelude::*;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::sync::{oneshot, Semaphore};
use tokio::task::JoinSet;

const ROWS_OF_REGION: usize = 512;
const ROWS_OF_LONG_CALL: usize = 532; // 50 ms

pub static ROWS_DONE: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
fn compute_row(iterations: u32) -> u32 {
    let mut state = iterations;
    for _ in 0..iterations {
        state = (state ^ (state >> 15)).wrapping_mul(0x2c1b3c5);
    }
    state
}

fn row(iterations: u32) {
    black_box(compute_row(black_box(iterations)));
    ROWS_DONE.fetch_add(1, Ordering::Relaxed);
}

pub fn long_call(iterations: u32) {
    for _ in 0..ROWS_OF_LONG_CALL {
        row(iterations);
    }
}

pub fn calibrate(iterations: u32) {
    let mut took: Vec<f64> = (0..1001)
        .map(|_| {
            let began = wall_seconds();
            row(iterations);
            wall_seconds() - began
        })
        .collect();
    took.sort_by(f64::total_cmp);
    report("row_us", took[took.len() / 2] * 1e6);
}

#[derive(Clone, Copy)]
pub enum Region {
    Tasks,
    Blocking,
    Rayon,
}

impl Region {
    pub async fn repeat(self, iterations: u32) {
        // As the documentation of spawn_blocking advises for what computes.
        let cpus = std::thread::available_parallelism().expect("a number");
        let permits = Arc::new(Semaphore::new(cpus.get()));
        loop {
            match self {
                Region::Tasks => as_tasks(iterations).await,
                Region::Blocking => as_blocking_calls(iterations, &permits).await,
                Region::Rayon => with_rayon(iterations).await,
            }
        }
    }
}

async fn all_of(mut rows: JoinSet<()>) {
    while let Some(each) = rows.join_next().await {
        each.expect("a row");
    }
}

async fn as_tasks(iterations: u32) {
    let mut rows = JoinSet::new();
    for _ in 0..ROWS_OF_REGION {
        rows.spawn(async move { row(iterations) });
    }
    all_of(rows).await;
}

async fn as_blocking_calls(iterations: u32, permits: &Arc<Semaphore>) {
    let mut rows = JoinSet::new();
    for _ in 0..ROWS_OF_REGION {
        let permit = permits.clone().acquire_owned().await.expect("a permit");
        rows.spawn_blocking(move || {
            row(iterations);
            drop(permit);
        });
    }
    all_of(rows).await;
}

async fn with_rayon(iterations: u32) {
    let (done, answer) = oneshot::channel();
    rayon::spawn(move || {
        (0..ROWS_OF_REGION)
            .into_par_iter()
            .for_each(|_| row(iterations));
        let _ = done.send(());
    });
    answer.await.expect("an answer");
}

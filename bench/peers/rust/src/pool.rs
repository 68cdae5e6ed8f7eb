//! What a pool does as a whole: see bench/par/pool.hpp.

use crate::{cpu_seconds, kernels::report_runs, number, report, wall_seconds};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub trait Pool {
    /// f(i) for all i below count.
    fn each(count: usize, f: impl Fn(usize) + Send + Sync);
    /// For each of the units, independently and all at once, f() as often as it says.
    fn regions(units: &[usize], f: impl Fn() + Sync);
}

#[inline(never)]
fn work(steps: u64) {
    let mut state = 1u64;
    for _ in 0..steps {
        state = (state ^ state >> 29).wrapping_mul(0xbf58476d1ce4e5b9);
    }
    black_box(state);
}

fn took_ms(call: impl FnOnce()) -> f64 {
    let began = wall_seconds();
    call();
    (wall_seconds() - began) * 1e3
}

fn sleep() {
    let seconds = crate::argument(0).parse().expect("seconds");
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

fn wake<P: Pool>() {
    const PIECES: usize = 1000;
    let piece = |_| work(black_box(6500));
    P::each(PIECES, piece);
    sleep();
    let plain = took_ms(|| (0..PIECES).for_each(piece));
    sleep();
    let parallel = took_ms(|| P::each(PIECES, piece));
    report("plain_ms", plain);
    report("ms", parallel);
    report("speedup", plain / parallel);
}

fn idle<P: Pool>() {
    P::each(1000, |_| work(black_box(40_000)));
    let before = cpu_seconds();
    sleep();
    report("idle_cpu_ms", (cpu_seconds() - before) * 1e3);
}

fn regions<P: Pool>() {
    let units: Vec<usize> = (0..64).map(|i| 1 + i * 37 % 64).collect();
    let steps = number(0);
    report_runs(|| {
        let done = AtomicUsize::new(0);
        P::regions(&units, || {
            work(steps);
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 64 * 65 / 2);
    });
}

pub fn run<P: Pool>(name: &str) {
    match name {
        "wake" => wake::<P>(),
        "idle" => idle::<P>(),
        _ => regions::<P>(),
    }
}

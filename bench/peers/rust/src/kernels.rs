//! The fork-join kernels of bench/par/kernels, line by line, over a trait, so that each of the
//! runtimes in Rust does the same work.

mod fine;
mod matmul;
mod uts;

use crate::{report, wall_seconds};
use std::hint::black_box;

/// How a runtime forks.
pub trait Fork {
    /// What is handed on from call to call.
    type Here<'a>;

    /// f and g, and the values of both.
    fn join<A: Send, B: Send>(
        here: &mut Self::Here<'_>,
        f: impl FnOnce(&mut Self::Here<'_>) -> A + Send,
        g: impl FnOnce(&mut Self::Here<'_>) -> B + Send,
    ) -> (A, B);

    /// The sum of f(i) for from <= i < to.
    fn sum(
        here: &mut Self::Here<'_>,
        from: usize,
        to: usize,
        f: &(impl Fn(&mut Self::Here<'_>, usize) -> i64 + Sync),
    ) -> i64 {
        match to - from {
            0 => 0,
            1 => f(here, from),
            count => {
                let middle = from + count / 2;
                let (a, b) = Self::join(
                    here,
                    |here| Self::sum(here, from, middle, f),
                    |here| Self::sum(here, middle, to, f),
                );
                a + b
            }
        }
    }
}

/// Reports "ms" and "cpu_ms", the medians of as many calls of `work` as take 0.1 s together. A
/// first one does not count, unless it alone takes that long.
pub fn report_runs(mut work: impl FnMut()) {
    const ENOUGH: f64 = 0.1;
    let mut once = || {
        let (wall, cpu) = (wall_seconds(), crate::cpu_seconds());
        work();
        (wall_seconds() - wall, crate::cpu_seconds() - cpu)
    };
    let mut runs = vec![once()];
    if runs[0].0 < ENOUGH {
        runs.clear();
        while runs.iter().map(|run| run.0).sum::<f64>() < ENOUGH {
            runs.push(once());
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2] * 1e3
    };
    report("ms", median(runs.iter().map(|run| run.0).collect()));
    report("cpu_ms", median(runs.iter().map(|run| run.1).collect()));
}

/// Runs and checks the kernel `name`. False: there is none.
pub fn run<R: Fork>(here: &mut R::Here<'_>, name: &str, size: usize) -> bool {
    let size = black_box(size);
    match name {
        "tree" => {
            let root = fine::grow(size);
            report_runs(|| assert_eq!(fine::tree_sum::<R>(here, &root), (1 << size) - 1));
            std::mem::forget(root);
        }
        "queens" => report_runs(|| {
            let found = fine::queens::<R>(here, size, 0, &[0; 16]);
            assert_eq!(found, fine::QUEENS_KNOWN[size]);
        }),
        "integrate" => report_runs(|| fine::check_integral::<R>(here, size as f64)),
        "skynet" => report_runs(|| {
            let leaves = size as i64;
            assert_eq!(fine::skynet::<R>(here, 0, leaves), leaves * (leaves - 1) / 2);
        }),
        "uts-t1" => uts::run::<R>(here, &uts::t1(), size),
        "uts-t3" => uts::run::<R>(here, &uts::t3(), size),
        "matmul" => matmul::run::<R>(here, size),
        _ => return false,
    }
    true
}

//! Loops over few cheap elements: see bench/par/loops.hpp.

use crate::{report, wall_seconds};
use std::hint::black_box;

pub trait Loops {
    /// f, where the workers compute.
    fn inside(f: impl FnOnce() + Send);
    /// to[i] = i * k
    fn write(to: &mut [i32], k: i32);
    fn sum(from: &[i32]) -> i32;
    fn sum_doubles(from: &[f64]) -> f64;
}

struct Plain;

impl Loops for Plain {
    fn inside(f: impl FnOnce() + Send) {
        f();
    }
    fn write(to: &mut [i32], k: i32) {
        for (i, element) in to.iter_mut().enumerate() {
            *element = (i as i32).wrapping_mul(k);
        }
    }
    fn sum(from: &[i32]) -> i32 {
        from.iter().sum()
    }
    fn sum_doubles(from: &[f64]) -> f64 {
        from.iter().sum()
    }
}

fn took(call: &mut impl FnMut(), times: u64) -> f64 {
    let began = wall_seconds();
    for _ in 0..times {
        call();
    }
    wall_seconds() - began
}

fn calls_of(call: &mut impl FnMut()) -> u64 {
    let mut times = 1;
    while took(call, times) < 1e-3 {
        times *= 2;
    }
    times
}

/// Wall-clock ns of a call of each, in turns: medians over batches of a millisecond.
fn report_call(what: &str, mut plain: impl FnMut(), mut parallel: impl FnMut()) {
    let (plain_calls, parallel_calls) = (calls_of(&mut plain), calls_of(&mut parallel));
    let mut plain_ns = Vec::new();
    let mut parallel_ns = Vec::new();
    for _ in 0..25 {
        plain_ns.push(took(&mut plain, plain_calls) * 1e9 / plain_calls as f64);
        parallel_ns.push(took(&mut parallel, parallel_calls) * 1e9 / parallel_calls as f64);
    }
    plain_ns.sort_by(f64::total_cmp);
    parallel_ns.sort_by(f64::total_cmp);
    report(&format!("{what}_plain_ns"), plain_ns[12]);
    report(&format!("{what}_ns"), parallel_ns[12]);
}

fn write_call<L: Loops>(to: &mut Vec<i32>) -> impl FnMut() + '_ {
    || L::write(black_box(to.as_mut_slice()), black_box(3))
}

fn report_loop<L: Loops>(kind: &str, count: usize, what: &str) {
    match kind {
        "write" => {
            let (mut a, mut b) = (vec![0; count], vec![0; count]);
            report_call(what, write_call::<Plain>(&mut a), write_call::<L>(&mut b));
            assert_eq!(a, b);
        }
        "sum" => {
            let from = vec![2; count];
            let check = |total| assert_eq!(total, 2 * count as i32);
            report_call(
                what,
                || check(Plain::sum(black_box(&from))),
                || check(L::sum(black_box(&from))),
            );
        }
        _ => {
            let from = vec![2.0; count];
            let check = |total| assert_eq!(total, 2.0 * count as f64);
            report_call(
                what,
                || check(Plain::sum_doubles(black_box(&from))),
                || check(L::sum_doubles(black_box(&from))),
            );
        }
    }
}

pub fn run<L: Loops>(kind: &str) {
    for count in [100, 1000, 10_000] {
        report_loop::<L>(kind, count, &format!("out_{count}"));
        L::inside(|| report_loop::<L>(kind, count, &format!("in_{count}")));
    }
}

//! Algorithms at the speed of memory: see bench/par/bandwidth.hpp.

use crate::{number, report, wall_seconds};

pub trait Algorithms {
    fn sum(from: &[f64]) -> f64;
    fn count_below(from: &[i32], bound: i32) -> usize;
    fn scale(from: &[f64], to: &mut [f64], by: f64);
}

/// Reports "gb_s", the median of several runs of `work`.
fn report_bandwidth(bytes: usize, mut work: impl FnMut()) {
    work();
    let mut rates: Vec<f64> = (0..5)
        .map(|_| {
            let began = wall_seconds();
            work();
            bytes as f64 * 1e-9 / (wall_seconds() - began)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    report("gb_s", rates[2]);
}

pub fn run<A: Algorithms>(name: &str) {
    let bytes = number(0) as usize;
    let doubles = bytes / 8;
    match name {
        "sum" => {
            let from = vec![0.5; doubles];
            report_bandwidth(bytes, || assert_eq!(A::sum(&from), 0.5 * doubles as f64));
        }
        "count" => {
            let count = bytes / 4;
            let from: Vec<i32> = (0..count).map(|i| (i & 1023) as i32).collect();
            let expected = count / 1024 * 256 + (count % 1024).min(256);
            report_bandwidth(bytes, || assert_eq!(A::count_below(&from, 256), expected));
        }
        _ => {
            let from = vec![0.5; doubles];
            let mut to = vec![0.0; doubles];
            report_bandwidth(2 * bytes, || {
                A::scale(&from, &mut to, 3.0);
                assert!(to[0] == 1.5 && to[doubles / 2] == 1.5 && to[doubles - 1] == 1.5);
            });
        }
    }
}

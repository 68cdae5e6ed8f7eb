//! Algorithms over large data: see bench/par/data.hpp.

use crate::{cpu_seconds, kernels::report_runs, number, report, wall_seconds};
use std::collections::HashMap;

pub struct Record {
    pub key: u64,
    pub value: u64,
}

pub const BUCKETS: usize = 1024;
pub fn bucket_of(each: u32) -> usize {
    (each >> 22) as usize
}
const GROUPS: u64 = 10_000;
pub fn group_of(each: u64) -> u64 {
    each % GROUPS
}

pub trait Data {
    fn sort<T: Ord + Send>(all: &mut [T]);
    fn sort_floats(all: &mut [f32]);
    fn sort_records(all: &mut [Record]);
    /// Stable, even numbers in front.
    fn partition(all: &mut Vec<u32>);
    fn histogram(all: &[u32]) -> Vec<usize>;
    fn group(all: &[u64]) -> HashMap<u64, Vec<u64>>;
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d049bb133111eb);
        z ^ z >> 31
    }

    fn word(&mut self) -> String {
        let length = 8 + self.next() % 17;
        (0..length)
            .map(|_| (b'a' + (self.next() % 26) as u8) as char)
            .collect()
    }
}

fn filled<T>(count: usize, make: impl Fn(&mut Numbers) -> T) -> Vec<T> {
    let mut numbers = Numbers(1);
    (0..count).map(|_| make(&mut numbers)).collect()
}

fn report_once<T>(work: impl FnOnce() -> T) -> T {
    let (wall, cpu) = (wall_seconds(), cpu_seconds());
    let result = work();
    report("ms", (wall_seconds() - wall) * 1e3);
    report("cpu_ms", (cpu_seconds() - cpu) * 1e3);
    result
}

fn report_sort<T>(
    count: usize,
    make: impl Fn(&mut Numbers) -> T,
    sort: impl Fn(&mut [T]),
    in_order: impl Fn(&T, &T) -> bool,
    digest: impl Fn(&T) -> u64,
) {
    let sum = |all: &[T]| all.iter().map(&digest).fold(0u64, u64::wrapping_add);
    sort(&mut filled(count / 50 + 1, &make));
    let mut all = filled(count, &make);
    let before = sum(&all);
    report_once(|| sort(&mut all));
    assert_eq!(sum(&all), before);
    assert!(all.windows(2).all(|pair| in_order(&pair[0], &pair[1])));
}

fn report_partition<D: Data>(count: usize) {
    let make = |numbers: &mut Numbers| numbers.next() as u32;
    D::partition(&mut filled(count / 50 + 1, make));
    let mut all = filled(count, make);
    let (mut expected, odd): (Vec<u32>, Vec<u32>) = all.iter().partition(|&&each| each % 2 == 0);
    expected.extend(odd);
    report_once(|| D::partition(&mut all));
    assert!(all == expected);
}

fn report_histogram<D: Data>(count: usize) {
    let all = filled(count, |numbers| numbers.next() as u32);
    let mut expected = vec![0; BUCKETS];
    all.iter().for_each(|&each| expected[bucket_of(each)] += 1);
    report_runs(|| assert!(D::histogram(&all) == expected));
}

fn report_group<D: Data>(count: usize) {
    let all = filled(count, Numbers::next);
    D::group(&all);
    let found = report_once(|| D::group(&all));
    assert_eq!(found.len(), count.min(GROUPS as usize));
    assert_eq!(found.values().map(Vec::len).sum::<usize>(), count);
    let right = |(key, all): (&u64, &Vec<u64>)| all.iter().all(|&each| group_of(each) == *key);
    assert!(found.iter().all(right));
}

/// False: there is no such program.
pub fn run<D: Data>(name: &str) -> bool {
    let count = number(0) as usize;
    match name {
        "sort-u64" => report_sort(
            count,
            Numbers::next,
            |all| D::sort(all),
            |a, b| a <= b,
            |&each| each,
        ),
        "sort-float" => report_sort(
            count,
            |numbers| (numbers.next() >> 40) as f32 / 1024.0,
            D::sort_floats,
            |a, b| a <= b,
            |&each| (each * 1024.0) as u64,
        ),
        "sort-records" => report_sort(
            count,
            |numbers| {
                let key = numbers.next();
                Record { key, value: !key }
            },
            D::sort_records,
            |a, b| a.key <= b.key,
            |each| if each.key == !each.value { each.key } else { 0 },
        ),
        "sort-strings" => report_sort(
            count,
            Numbers::word,
            |all| D::sort(all),
            |a, b| a <= b,
            |each| each.bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + byte as u64),
        ),
        "partition" => report_partition::<D>(count),
        "histogram" => report_histogram::<D>(count),
        "group" => report_group::<D>(count),
        _ => return false,
    }
    true
}

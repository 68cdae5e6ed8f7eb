//! rayon NAME ARGUMENTS...: fib N on one worker, NAME SIZE THREADS for a kernel, or one of the
//! loops, on all cores.

use peers::bandwidth::{self, Algorithms};
use peers::data::{self, Data, Record};
use peers::kernels::{self, Fork};
use peers::loops::{self, Loops};
use peers::pool::{self as whole, Pool};
use rayon::prelude::*;
use std::collections::HashMap;

fn fib(n: u32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

struct Rayon;

impl Fork for Rayon {
    type Here<'a> = ();
    fn join<A: Send, B: Send>(
        _: &mut (),
        f: impl FnOnce(&mut ()) -> A + Send,
        g: impl FnOnce(&mut ()) -> B + Send,
    ) -> (A, B) {
        rayon::join(|| f(&mut ()), || g(&mut ()))
    }
}

impl Loops for Rayon {
    fn inside(f: impl FnOnce() + Send) {
        rayon::scope(|_| f());
    }
    fn write(to: &mut [i32], k: i32) {
        to.par_iter_mut()
            .enumerate()
            .for_each(|(i, element)| *element = (i as i32).wrapping_mul(k));
    }
    fn sum(from: &[i32]) -> i32 {
        from.par_iter().sum()
    }
    fn sum_doubles(from: &[f64]) -> f64 {
        from.par_iter().sum()
    }
}

impl Pool for Rayon {
    fn each(count: usize, f: impl Fn(usize) + Send + Sync) {
        (0..count).into_par_iter().for_each(f);
    }
    fn regions(units: &[usize], f: impl Fn() + Sync) {
        let f = &f;
        rayon::scope(|all| {
            for &size in units {
                all.spawn(move |_| (0..size).into_par_iter().for_each(|_| f()));
            }
        });
    }
}

impl Algorithms for Rayon {
    fn sum(from: &[f64]) -> f64 {
        from.par_iter().sum()
    }
    fn count_below(from: &[i32], bound: i32) -> usize {
        from.par_iter().filter(|&&each| each < bound).count()
    }
    fn scale(from: &[f64], to: &mut [f64], by: f64) {
        to.par_iter_mut()
            .zip(from)
            .for_each(|(to, from)| *to = from * by);
    }
}

impl Data for Rayon {
    fn sort<T: Ord + Send>(all: &mut [T]) {
        all.par_sort_unstable();
    }
    fn sort_floats(all: &mut [f32]) {
        all.par_sort_unstable_by(f32::total_cmp);
    }
    fn sort_records(all: &mut [Record]) {
        all.par_sort_unstable_by_key(|each| each.key);
    }
    fn partition(all: &mut Vec<u32>) {
        let (mut even, odd): (Vec<u32>, Vec<u32>) =
            all.par_iter().partition(|&&each| each % 2 == 0);
        even.extend(odd);
        *all = even;
    }
    fn histogram(all: &[u32]) -> Vec<usize> {
        let none = || vec![0; data::BUCKETS];
        all.par_iter()
            .fold(none, |mut counts, &each| {
                counts[data::bucket_of(each)] += 1;
                counts
            })
            .reduce(none, |mut a, b| {
                a.iter_mut().zip(b).for_each(|(to, more)| *to += more);
                a
            })
    }
    fn group(all: &[u64]) -> HashMap<u64, Vec<u64>> {
        all.par_iter()
            .fold(HashMap::new, |mut groups: HashMap<u64, Vec<u64>>, &each| {
                groups.entry(data::group_of(each)).or_default().push(each);
                groups
            })
            .reduce(HashMap::new, |mut a, b| {
                if a.is_empty() {
                    return b;
                }
                for (key, elements) in b {
                    a.entry(key).or_default().extend(elements);
                }
                a
            })
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a pool")
}

fn main() {
    match peers::name().as_str() {
        "fib" => pool(1).install(|| peers::report_fib(fib)),
        "loop" => loops::run::<Rayon>(&peers::argument(0)),
        name @ ("wake" | "idle" | "regions") => whole::run::<Rayon>(name),
        name @ ("sum" | "count" | "scale") => bandwidth::run::<Rayon>(name),
        name if data::run::<Rayon>(name) => (),
        kernel => {
            let size = peers::number(0) as usize;
            let threads = peers::number(1) as usize;
            if !pool(threads).install(|| kernels::run::<Rayon>(&mut (), kernel, size)) {
                std::process::exit(2);
            }
        }
    }
}

//! rayon NAME ARGUMENTS...: fib N on one worker, loop KIND, or NAME SIZE THREADS for a kernel.

use peers::kernels::{self, Fork};
use peers::loops::{self, Loops};
use rayon::prelude::*;

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
        kernel => {
            let size = peers::number(0) as usize;
            let threads = peers::number(1) as usize;
            if !pool(threads).install(|| kernels::run::<Rayon>(&mut (), kernel, size)) {
                std::process::exit(2);
            }
        }
    }
}

//! chili NAME ARGUMENTS...: fib N on one worker, or NAME SIZE THREADS for a kernel.

use chili::{Config, Scope, ThreadPool};
use peers::kernels::{self, Fork};
use std::num::NonZero;

fn fib(scope: &mut Scope<'_>, n: u32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = scope.join(|s| fib(s, n - 1), |s| fib(s, n - 2));
    a + b
}

struct Chili;

impl Fork for Chili {
    type Here<'a> = Scope<'a>;
    fn join<A: Send, B: Send>(
        here: &mut Scope<'_>,
        f: impl FnOnce(&mut Scope<'_>) -> A + Send,
        g: impl FnOnce(&mut Scope<'_>) -> B + Send,
    ) -> (A, B) {
        here.join(f, g)
    }
}

fn main() {
    let name = peers::name();
    let threads = if name == "fib" { 1 } else { peers::number(1) };
    let pool = ThreadPool::with_config(Config {
        thread_count: NonZero::new(threads as usize),
        ..Config::default()
    });
    let mut scope = pool.scope();
    if name == "fib" {
        peers::report_fib(|n| fib(&mut scope, n));
    } else if !kernels::run::<Chili>(&mut scope, &name, peers::number(0) as usize) {
        std::process::exit(2);
    }
}

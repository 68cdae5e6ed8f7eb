//! chili NAME N: the only name is fib. One worker.

use chili::{Config, Scope, ThreadPool};
use std::num::NonZero;

fn fib(scope: &mut Scope<'_>, n: u32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    let (a, b) = scope.join(|s| fib(s, n - 1), |s| fib(s, n - 2));
    a + b
}

fn main() {
    let one = Config {
        thread_count: NonZero::new(1),
        ..Config::default()
    };
    let pool = ThreadPool::with_config(one);
    let mut scope = pool.scope();
    peers::report_fib(|n| fib(&mut scope, n));
}

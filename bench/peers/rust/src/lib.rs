//! What a measured program reads about itself, and how it says it.

pub mod bandwidth;
pub mod data;
pub mod kernels;
pub mod loops;
pub mod pool;
pub mod tcp;

/// CPU time of all threads of this process so far.
pub fn cpu_seconds() -> f64 {
    clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

pub fn wall_seconds() -> f64 {
    clock(libc::CLOCK_MONOTONIC)
}

fn clock(which: libc::clockid_t) -> f64 {
    let mut t = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `t` is a valid place for the result.
    let result = unsafe { libc::clock_gettime(which, &mut t) };
    assert_eq!(result, 0);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// Memory of this process that is in RAM.
pub fn resident_bytes() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("read /proc/self/statm");
    let resident: f64 = pages
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    // SAFETY: sysconf has no preconditions.
    resident * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// One line of the protocol. Standard output of Rust is line-buffered also on a pipe.
pub fn report(metric: &str, value: f64) {
    println!("{metric} {value}");
}

/// The name of what is to be run, and the i-th argument after it.
pub fn name() -> String {
    std::env::args().nth(1).expect("no name")
}

pub fn argument(i: usize) -> String {
    std::env::args().nth(i + 2).expect("an argument is missing")
}

pub fn number(i: usize) -> u64 {
    argument(i).parse().expect("an argument is no number")
}

/// Measures fib(n): computed by plain calls, and by `forked`.
pub fn report_fib(forked: impl FnOnce(u32) -> u64) {
    let n = std::hint::black_box(number(0) as u32);
    let calls = (2 * plain_fib(n + 1) - 1) as f64;
    let before = cpu_seconds();
    let expected = plain_fib(std::hint::black_box(n));
    report("plain_ns", (cpu_seconds() - before) * 1e9 / calls);
    let before = cpu_seconds();
    assert_eq!(forked(n), expected);
    report("join_ns", (cpu_seconds() - before) * 1e9 / calls);
}

fn plain_fib(n: u32) -> u64 {
    if n < 2 {
        return n as u64;
    }
    plain_fib(n - 1) + plain_fib(n - 2)
}

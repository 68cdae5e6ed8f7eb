//! The suite's programs as one writes them with Tokio, on its single-threaded runtime:
//! tokio NAME ARGUMENTS..., the same as `twill_bench_first run`.

mod echo;
mod spawn;
mod tasks;

use peers::number;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match std::env::args().nth(1).as_deref() {
        Some("spawn") => spawn::run(&runtime, number(0)),
        Some("timers") => runtime.block_on(tasks::timers(number(0))),
        Some("yield") => runtime.block_on(tasks::yield_turns(number(0), number(1))),
        Some("sleepers") => runtime.block_on(tasks::sleepers(number(0))),
        Some("echo") => runtime.block_on(echo::run()),
        _ => {
            eprintln!("usage: tokio spawn|timers|yield|sleepers|echo [NUMBER...]");
            std::process::exit(2);
        }
    }
}

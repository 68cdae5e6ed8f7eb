//! The servers of the suite io as one writes them with Tokio and hyper, on the single-threaded
//! runtime where one thread is asked for: tokio echo|http THREADS.

mod http;

use peers::tcp::{accept_all, echo};
use peers::{name, number};
use tokio::runtime::{Builder, Runtime};

fn runtime(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().build().expect("a runtime")
}

fn main() {
    let runtime = runtime(number(0) as usize);
    // Accepting in a task of its own: the root future of the multi-threaded runtime runs on a thread
    // that is none of its workers.
    match name().as_str() {
        "echo" => runtime.block_on(async { tokio::spawn(accept_all(echo)).await }),
        "http" => runtime.block_on(async { tokio::spawn(accept_all(http::serve)).await }),
        _ => {
            eprintln!("usage: tokio echo|http THREADS");
            std::process::exit(2);
        }
    }
    .expect("the server to go on");
}

//! The server of bench/mixed with Tokio's multi-threaded runtime, its job in three ways:
//! tokio-mixed tasks|blocking|rayon OPTION.... bench/mixed/serving.hpp says what it does.

mod job;

use job::{long_call, Region};
use peers::tcp::{accept_all, echo};
use peers::{cpu_seconds, report, wall_seconds};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

async fn hostile(iterations: u32) {
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        long_call(iterations);
    }
}

/// Obeys the standard input until it ends.
fn obey_input() {
    let rows_done = || job::ROWS_DONE.load(Ordering::Relaxed);
    let (mut rows, mut began, mut cpu) = (0, 0.0, 0.0);
    for line in std::io::stdin().lines() {
        if line.expect("a line") == "begin" {
            (rows, began, cpu) = (rows_done(), wall_seconds(), cpu_seconds());
        } else {
            report("window_cpu_s", cpu_seconds() - cpu);
            report("window_s", wall_seconds() - began);
            report("rows", (rows_done() - rows) as f64);
        }
    }
    std::process::exit(0);
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(2).collect();
    let options: HashMap<&str, &str> = words
        .chunks_exact(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        .collect();
    let number = |name| -> u32 { options[name].parse().expect("a number") };
    if options.contains_key("--calibrate") {
        return job::calibrate(number("--calibrate"));
    }
    let iterations = number("--row-iterations");
    std::thread::spawn(obey_input);
    if options.get("--job") == Some(&"on") {
        let region = match peers::name().as_str() {
            "tasks" => Region::Tasks,
            "blocking" => Region::Blocking,
            "rayon" => Region::Rayon,
            other => panic!("no way to compute is called {other}"),
        };
        tokio::spawn(region.repeat(iterations));
    }
    if options.get("--hostile") == Some(&"on") {
        tokio::spawn(hostile(iterations));
    }
    tokio::spawn(accept_all(echo)).await.expect("never ends");
}

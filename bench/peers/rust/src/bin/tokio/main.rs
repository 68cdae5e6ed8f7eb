//! The service of the suite echo as one writes it with Tokio, on its single-threaded runtime:
//! tokio echo.

mod echo;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match std::env::args().nth(1).as_deref() {
        Some("echo") => runtime.block_on(echo::run()),
        _ => {
            eprintln!("usage: tokio echo");
            std::process::exit(2);
        }
    }
}

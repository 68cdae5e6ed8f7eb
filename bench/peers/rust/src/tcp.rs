//! What the servers on Tokio share.

use crate::report;
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves each connection in a task of its own, on a port which it prints.
pub async fn accept_all<Served>(serve: impl Fn(TcpStream) -> Served)
where
    Served: Future + Send + 'static,
    Served::Output: Send,
{
    let door = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let here = door.local_addr().expect("its address");
    report("port", here.port().into());
    loop {
        let (stream, _) = door.accept().await.expect("a connection");
        tokio::spawn(serve(stream));
    }
}

/// What comes goes back.
pub async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n]).await?;
    }
}

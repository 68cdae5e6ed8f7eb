use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use peers::report;
use std::convert::Infallible;
use tokio::net::{TcpListener, TcpStream};

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}

async fn serve(stream: TcpStream) {
    if stream.set_nodelay(true).is_ok() {
        // A client that is gone does not end the server.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .await;
    }
}

pub async fn run() {
    let door = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    report(
        "port",
        door.local_addr().expect("its address").port().into(),
    );
    loop {
        let (stream, _) = door.accept().await.expect("a connection");
        tokio::spawn(serve(stream));
    }
}

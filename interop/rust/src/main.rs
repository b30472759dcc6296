//! A tonic server for the measurements of peers. The first line that it prints is the port; then one for each upload that ends.
use bytes::{Buf, BufMut};
use std::{convert::Infallible, future::Future, pin::Pin, task::Context, task::Poll};
use tokio_stream::{Pending, pending};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{ClientStreamingService, Grpc, NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// Messages as the bytes that they are.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;
    fn encoder(&mut self) -> Raw {
        Raw
    }
    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

/// Never reads what it is sent.
struct NeverReads;

impl StreamingService<Vec<u8>> for NeverReads {
    type Response = Vec<u8>;
    type ResponseStream = Pending<Result<Vec<u8>, Status>>;
    type Future = Answer<Self::ResponseStream>;
    fn call(&mut self, request: Request<Streaming<Vec<u8>>>) -> Self::Future {
        // The request is held for as long as the call runs.
        Box::pin(async move {
            let _held = request;
            std::future::pending::<()>().await;
            Ok(Response::new(pending()))
        })
    }
}

/// Reads to the end and tells how that was.
struct Reads;

impl ClientStreamingService<Vec<u8>> for Reads {
    type Response = Vec<u8>;
    type Future = Answer<Vec<u8>>;
    fn call(&mut self, request: Request<Streaming<Vec<u8>>>) -> Self::Future {
        Box::pin(async move {
            let mut requests = request.into_inner();
            let mut count = 0;
            loop {
                match requests.message().await {
                    Ok(Some(_)) => count += 1,
                    Ok(None) => {
                        println!("whole {count}");
                        return Ok(Response::new(vec![]));
                    }
                    Err(status) => {
                        println!("cancelled {count}: {:?}", status.code());
                        return Err(status);
                    }
                }
            }
        })
    }
}

#[derive(Clone)]
struct TestService;

impl NamedService for TestService {
    const NAME: &'static str = "grpc.testing.TestService";
}

impl tower_service::Service<http::Request<Body>> for TestService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(Raw);
            Ok(if request.uri().path().ends_with("/FullDuplexCall") {
                grpc.streaming(NeverReads, request).await
            } else {
                grpc.client_streaming(Reads, request).await
            })
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?;
    println!("{}", incoming.local_addr()?.port());
    tonic::transport::Server::builder().add_service(TestService).serve_with_incoming(incoming).await?;
    Ok(())
}

//! `healthcheck`: whether the server on the configured address is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::{Failure, Outcome};
use crate::output::tell;
use crate::settings::Settings;

/// How long a server may take to say that it is ready.
const WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn run(settings: &Settings) -> Outcome {
    let address = reachable(settings.listen);
    let answer = timeout(WITHIN, status(address)).await;
    match answer {
        Err(_) => Err(Failure::failed(format!("{address} did not answer within 5 seconds"))),
        Ok(Err(error)) => Err(Failure::failed(format!("{address}: {error}"))),
        Ok(Ok(200)) => {
            tell!("{address} is ready");
            Ok(())
        }
        Ok(Ok(status)) => Err(Failure::failed(format!("{address} is not ready: status {status}"))),
    }
}

/// A server that listens everywhere is reached on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status of `GET /readyz`.
async fn status(address: SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    stream.take(1_024).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| std::io::Error::other("what answers there is no FleetPrompt"))
}

//! Socket addresses: an IP address and a port each.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Splits `HOST:PORT`; `None` if it is malformed. Brackets around the host, for
/// IPv6, are taken off, and the colon may be the full-width one of a Chinese
/// keyboard.
///
/// ```
/// use udp_group_chat::net::host_and_port;
/// assert_eq!(host_and_port("192.168.1.5：9999"), Some(("192.168.1.5", 9999)));
/// assert_eq!(host_and_port("[fe80::1%eth0]:9999"), Some(("fe80::1%eth0", 9999)));
/// assert_eq!(host_and_port("小明"), None);
/// ```
pub fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once([':', '：'])?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let port = port.parse().ok()?;
    (!host.is_empty()).then_some((host, port))
}

/// What a client binds to: any free port, on any IP address of the same kind as
/// the server's.
pub fn any_port(server: SocketAddr) -> SocketAddr {
    match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

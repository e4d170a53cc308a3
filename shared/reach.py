"""Which addresses on the network strangers can't reach, and sockets that go to no such address.

Invariant: an address is looked at just before the connection to it is opened, whatever its name resolved to.
"""

import socket
from errno import EACCES
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Peer = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str | int, ...]]
"""As getaddrinfo gives it: family, kind, protocol, canonical name, address and port."""
NAT64 = IPv6Network("64:ff9b::/96")


class PrivatePeer(OSError):
    """Stops a connection before it is opened."""

    def __init__(self) -> None:
        super().__init__(EACCES, "a private address")


def is_private(address: str) -> bool:
    """Whether an IP address is one that strangers can't reach: this machine, the house's network, a cloud's
    metadata, also where it is wrapped in IPv6.
    """
    ip = ip_address(address.partition("%")[0])
    inner = _wrapped(ip) if isinstance(ip, IPv6Address) else None
    return is_private(str(inner)) if inner else not ip.is_global or ip.is_multicast


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour


def socket_of(peer: Peer) -> socket.socket:
    family, kind, protocol, _, _ = peer
    return socket.socket(family, kind, protocol)


def public_socket_of(peer: Peer) -> socket.socket:
    """Asked for each address that a name resolved to."""
    if is_private(str(peer[4][0])):
        raise PrivatePeer
    return socket_of(peer)

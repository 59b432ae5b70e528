"""Captures of a network: from a pcap or pcapng file to the TCP segments in it.

Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng; link types of tcpdump.org/linktypes.html. Segments in
fragmented packets are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["CaptureError", "Segment", "is_capture", "segments_in"]

_PCAP = {
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_BYTE_ORDER = 0x1A2B3C4D

_NULL, _ETHERNET, _RAW, _LOOP, _LINUX_SLL, _IPV4, _IPV6, _LINUX_SLL2 = 0, 1, 101, 108, 113, 228, 229, 276
_ETHERTYPE_IPV4, _ETHERTYPE_IPV6, _VLAN = 0x0800, 0x86DD, (0x8100, 0x88A8)
_TCP = 6
#: IPv6 extension headers that may stand before TCP: hop by hop, routing, destination options.
_EXTENSIONS = (0, 43, 60)

SYN, ACK, RST, FIN = 0x02, 0x10, 0x04, 0x01


class CaptureError(ValueError):
    """A file that is no capture, or one that is cut off or of a kind that is not known."""


class Segment(NamedTuple):
    """One TCP segment. Addresses are "host:port"."""

    source: str
    target: str
    sequence: int
    flags: int
    payload: bytes


def is_capture(content: bytes) -> bool:
    """Whether it begins as a pcap or pcapng file does."""
    return content[:4] in _PCAP or content[:4] == _PCAPNG


def segments_in(content: bytes) -> Iterator[Segment]:
    """The TCP segments of a capture, in its order.

    Raises:
        CaptureError: it is none, or its link layer is not known.
    """
    packets = _pcapng(content) if content[:4] == _PCAPNG else _pcap(content)
    for link_type, packet in packets:
        try:
            found = _segment(*_internet(link_type, packet))
        except (struct.error, IndexError):
            continue
        if found is not None:
            yield found


def _pcap(content: bytes) -> Iterator[tuple[int, bytes]]:
    order = _PCAP.get(content[:4])
    if order is None or len(content) < 24:
        raise CaptureError("not a capture")
    link_type = struct.unpack_from(f"{order}I", content, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(content):
        size = struct.unpack_from(f"{order}I", content, at + 8)[0]
        yield link_type, content[at + 16 : at + 16 + size]
        at += 16 + size


def _pcapng(content: bytes) -> Iterator[tuple[int, bytes]]:
    order = "<"
    link_types: list[int] = []
    at = 0
    while at + 12 <= len(content):
        if content[at : at + 4] == _PCAPNG:
            order = "<" if content[at + 8 : at + 12] == struct.pack("<I", _BYTE_ORDER) else ">"
            link_types = []
        kind, size = struct.unpack_from(f"{order}II", content, at)
        if size < 12 or at + size > len(content):
            raise CaptureError(f"the block at {at} is cut off")
        body = content[at + 8 : at + size - 4]
        try:
            if kind == _INTERFACE:
                link_types.append(struct.unpack_from(f"{order}H", body)[0])
            elif kind == _ENHANCED:
                interface, _, _, captured = struct.unpack_from(f"{order}IIII", body)
                yield link_types[interface], body[20 : 20 + captured]
            elif kind == _SIMPLE:
                yield link_types[0], body[4 : 4 + struct.unpack_from(f"{order}I", body)[0]]
        except (struct.error, IndexError):
            raise CaptureError(f"the block at {at} is malformed") from None
        at += size


def _internet(link_type: int, packet: bytes) -> tuple[int, bytes]:
    """The IP version of a packet (0 for another protocol) and what follows the link layer."""
    if link_type == _ETHERNET:
        at = 12
        while (kind := int.from_bytes(packet[at : at + 2])) in _VLAN:
            at += 4
        return _ip_version(kind), packet[at + 2 :]
    if link_type in (_NULL, _LOOP):
        return packet[4] >> 4, packet[4:]
    if link_type == _LINUX_SLL:
        return _ip_version(int.from_bytes(packet[14:16])), packet[16:]
    if link_type == _LINUX_SLL2:
        return _ip_version(int.from_bytes(packet[:2])), packet[20:]
    if link_type in (_RAW, _IPV4, _IPV6):
        return packet[0] >> 4, packet
    raise CaptureError(f"a capture of link type {link_type}, which is not known here")


def _ip_version(ethertype: int) -> int:
    return {_ETHERTYPE_IPV4: 4, _ETHERTYPE_IPV6: 6}.get(ethertype, 0)


def _segment(version: int, packet: bytes) -> Segment | None:
    if version == 4:
        header, total, fragment = (packet[0] & 15) * 4, *struct.unpack_from(">H2xH", packet, 2)
        if packet[9] != _TCP or fragment & 0x3FFF:
            return None
        source, target = (".".join(map(str, packet[at : at + 4])) for at in (12, 16))
        # A length of 0 is what the card was to fill in (segmentation offload).
        return _tcp(source, target, packet[header : total or None])
    if version == 6:
        protocol, at = packet[6], 40
        end = 40 + int.from_bytes(packet[4:6])
        while protocol in _EXTENSIONS:
            protocol, at = packet[at], at + 8 + 8 * packet[at + 1]
        if protocol != _TCP:
            return None
        source, target = (_ipv6_text(packet[at : at + 16]) for at in (8, 24))
        return _tcp(source, target, packet[at : end if end > 40 else None])
    return None


def _ipv6_text(address: bytes) -> str:
    import ipaddress

    return f"[{ipaddress.IPv6Address(address)}]"


def _tcp(source: str, target: str, packet: bytes) -> Segment:
    source_port, target_port, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", packet)
    payload = packet[(offset >> 4) * 4 :]
    return Segment(f"{source}:{source_port}", f"{target}:{target_port}", sequence, flags, payload)

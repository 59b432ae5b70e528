"""The journal as a file: JSON lines that can be played again, and a capture for Wireshark.

JSON lines are the format of `protocol_specs.exchanges` (`client`, `api`, `version`, `request`, `response` in hex), with
more beside: `at`, `latency`, `broker`, `connection`, `client_id`, `software`, `principal`, `fault`, `closed`.

A capture has an Ethernet, an IP and a TCP header around each frame that were never sent: addresses, ports and times are
right, sequence numbers follow from each other, and each connection begins with a handshake.
"""

from __future__ import annotations

import gzip
import ipaddress
import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mockbroker.control.exchange import Exchange

__all__ = ["as_json_line", "as_pcap", "save"]

_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
_MACS = bytes(12)
_SYN, _ACK, _PSH_ACK, _SYN_ACK, _FIN_ACK = 0x02, 0x10, 0x18, 0x12, 0x11
#: Bytes of a frame in one packet: an IP packet has no more than 65535.
_SEGMENT = 60_000


def save(exchanges: Iterable[Exchange], path: Path) -> int:
    """Write exchanges to a file, in the format that its name says.

    Returns:
        How many.

    Raises:
        ValueError: the name does not end in .jsonl, .jsonl.gz or .pcap.
    """
    exchanges = list(exchanges)
    if path.suffix == ".pcap":
        path.write_bytes(as_pcap(exchanges))
    elif path.suffixes[-2:] == [".jsonl", ".gz"]:
        with gzip.open(path, "wt") as file:
            file.writelines(map(as_json_line, exchanges))
    elif path.suffix == ".jsonl":
        with path.open("w") as file:
            file.writelines(map(as_json_line, exchanges))
    else:
        raise ValueError(f"{path.name} ends neither in .jsonl, .jsonl.gz nor .pcap")
    return len(exchanges)


def as_json_line(exchange: Exchange) -> str:
    """One exchange."""
    answer = exchange.answer_frame
    row: dict[str, Any] = {
        "client": exchange.software,
        "api": exchange.key,
        "version": exchange.version,
        "request": bytes(exchange.frame).hex(),
        "response": None if answer is None else answer.hex(),
        "number": exchange.number,
        "at": exchange.at,
        "latency": exchange.latency,
        "broker": exchange.broker,
        "connection": exchange.connection,
        "client_id": exchange.client_id,
        "principal": exchange.principal,
        "listener": exchange.listener,
    }
    for name in ("fault", "closed"):
        value = getattr(exchange, name)
        if value is not None:
            row[name] = value
    return json.dumps(row) + "\n"


def as_pcap(exchanges: Iterable[Exchange]) -> bytes:
    """A capture of these exchanges."""
    connections: dict[int, _Stream] = {}
    packets: list[tuple[float, bytes]] = []
    for exchange in exchanges:
        stream = connections.get(exchange.connection)
        if stream is None:
            stream = connections[exchange.connection] = _Stream(exchange)
            packets += [(exchange.at, packet) for packet in stream.handshake()]
        packets += [(exchange.at, packet) for packet in stream.send(bytes(exchange.frame), to_broker=True)]
        answer = exchange.answer_frame
        if answer is not None:
            at = exchange.at + (exchange.latency or 0.0)
            packets += [(at, packet) for packet in stream.send(answer, to_broker=False)]
    return _PCAP_HEADER + b"".join(map(_packet, _in_order(packets)))


def _in_order(packets: list[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """By time; what is of one time stays in its order."""
    return iter(sorted(packets, key=lambda packet: packet[0]))


def _packet(packet: tuple[float, bytes]) -> bytes:
    at, content = packet
    microseconds = round(at * 1_000_000)
    seconds, rest = divmod(microseconds, 1_000_000)
    return struct.pack("<IIII", seconds, rest, len(content), len(content)) + content


class _Stream:
    """One TCP connection, as it might have been."""

    def __init__(self, exchange: Exchange) -> None:
        host, port = exchange.broker_address
        self._ends = (
            (_address(exchange.client_host), exchange.client_port or 49_152 + exchange.connection % 16_000),
            (_address(host), port),
        )
        #: What each side sends next: client, broker.
        self._next = [1_000, 5_000]

    def handshake(self) -> Iterator[bytes]:
        yield self._segment(0, _SYN, b"")
        self._next[0] += 1
        yield self._segment(1, _SYN_ACK, b"")
        self._next[1] += 1
        yield self._segment(0, _ACK, b"")

    def send(self, frame: bytes, *, to_broker: bool) -> Iterator[bytes]:
        """A frame with its length."""
        side = 0 if to_broker else 1
        whole = struct.pack(">i", len(frame)) + frame
        for at in range(0, len(whole), _SEGMENT):
            piece = whole[at : at + _SEGMENT]
            yield self._segment(side, _PSH_ACK, piece)
            self._next[side] += len(piece)

    def _segment(self, side: int, flags: int, content: bytes) -> bytes:
        (source, source_port), (target, target_port) = self._ends[side], self._ends[1 - side]
        acknowledged = 0 if flags == _SYN else self._next[1 - side]
        header = [source_port, target_port, self._next[side] & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF]
        tcp = struct.pack(">HHIIBBHHH", *header, 5 << 4, flags, 65_535, 0, 0) + content
        pseudo = source.packed + target.packed
        if source.version == 4 and target.version == 4:
            pseudo += struct.pack(">BBH", 0, 6, len(tcp))
            checked = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp)) + tcp[18:]
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(checked), 0, 0, 64, 6, 0)
            ip = ip[:10] + struct.pack(">H", _checksum(ip + source.packed + target.packed))
            return _MACS + b"\x08\x00" + ip + source.packed + target.packed + checked
        pseudo += struct.pack(">IHBB", len(tcp), 0, 0, 6)
        checked = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack(">IHBB", 6 << 28, len(checked), 6, 64)
        return _MACS + b"\x86\xdd" + ip + source.packed + target.packed + checked


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address; where there is none, one that nobody has."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ipaddress.ip_address("0.0.0.0")


def _checksum(content: bytes) -> int:
    """RFC 1071."""
    if len(content) % 2:
        content += b"\0"
    total: int = sum(struct.unpack(f">{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total

"""Makes what `mockbroker decode` reads: frames, TCP conversations, and the captures that hold them."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable
from typing import Any

from protocol_specs.headers import request_header, response_header
from protocol_specs.heartbeat import HEARTBEAT
from protocol_specs.notation import Api

__all__ = [
    "BROKER",
    "CLIENT",
    "LINK_LAYERS",
    "Conversation",
    "Decode",
    "beaten",
    "heartbeat",
    "pcap",
    "pcapng",
    "request",
    "response",
    "with_length",
]

#: Decodes a file of this content; gives the exit code and what was printed.
Decode = Callable[..., tuple[int, str]]

SYN, ACK = 0x02, 0x10
CLIENT, BROKER = ("10.0.0.1", 50000), ("10.0.0.2", 9092)


def with_length(*frames: bytes) -> bytes:
    """Frames as they go over the wire."""
    return b"".join(struct.pack(">i", len(frame)) + frame for frame in frames)


def request(api: Api, version: int, correlation_id: int, **fields: Any) -> bytes:
    header = {
        "request_api_key": api.key,
        "request_api_version": version,
        "correlation_id": correlation_id,
        "client_id": "me",
    }
    layout = request_header(api.key, version)
    return layout.build(layout.body.make.schema(**header)) + api.request[version].build(api.request(**fields))


def response(api: Api, version: int, correlation_id: int, **fields: Any) -> bytes:
    layout = response_header(api.key, version)
    header = layout.build(layout.body.make.schema(correlation_id=correlation_id))
    return header + api.response[version].build(api.response(**fields))


def heartbeat(correlation_id: int, group_id: str = "g") -> bytes:
    return request(HEARTBEAT, 4, correlation_id, group_id=group_id, generation_id=7, member_id="m")


def beaten(correlation_id: int, error_code: int = 0) -> bytes:
    return response(HEARTBEAT, 4, correlation_id, error_code=error_code)


class Conversation:
    """The IP packets of one TCP connection."""

    def __init__(
        self,
        client: tuple[str, int] = CLIENT,
        broker: tuple[str, int] = BROKER,
        *,
        first_sequence: int = 1000,
        greets: bool = True,
    ) -> None:
        self.client = client
        self.broker = broker
        self.packets: list[bytes] = []
        self._next = {client: first_sequence, broker: (first_sequence + 77) % (1 << 32)}
        if greets:
            self._add(client, b"", SYN)
            self._add(broker, b"", SYN | ACK)
            for side in self._next:
                self._next[side] = (self._next[side] + 1) % (1 << 32)

    def ask(self, *frames: bytes, size: int = 1 << 20) -> Conversation:
        """The client sends these frames, in segments of `size` bytes."""
        return self.send(self.client, with_length(*frames), size)

    def answer(self, *frames: bytes, size: int = 1 << 20) -> Conversation:
        return self.send(self.broker, with_length(*frames), size)

    def send(self, side: tuple[str, int], content: bytes, size: int = 1 << 20) -> Conversation:
        for at in range(0, len(content), size):
            self._add(side, content[at : at + size], ACK)
            self._next[side] = (self._next[side] + len(content[at : at + size])) % (1 << 32)
        return self

    def _add(self, side: tuple[str, int], payload: bytes, flags: int) -> None:
        other = self.broker if side == self.client else self.client
        header = struct.pack(">HHIIBBHHH", side[1], other[1], self._next[side], 0, 5 << 4, flags, 1024, 0, 0)
        source, target = (ipaddress.ip_address(host).packed for host in (side[0], other[0]))
        segment = header + payload
        if len(source) == 4:
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0) + source + target
        else:
            extension = bytes([6, 0, 1, 4, 0, 0, 0, 0])
            head = struct.pack(">IHBB", 6 << 28, 8 + len(segment), 60, 64) + source + target + extension
        self.packets.append(head + segment)


def _ethernet(packet: bytes) -> bytes:
    # Padded to the shortest frame that there may be.
    return (b"\x02" * 12 + _ethertype(packet) + packet).ljust(60, b"\0")


def _ethertype(packet: bytes) -> bytes:
    return b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"


#: By name: the link type, and what stands before a packet.
LINK_LAYERS = {
    "ethernet": (1, _ethernet),
    "vlan": (1, lambda packet: b"\x02" * 12 + b"\x81\x00\x00\x05" + _ethertype(packet) + packet),
    "null": (0, lambda packet: struct.pack("<I", 2) + packet),
    "loop": (108, lambda packet: struct.pack(">I", 2) + packet),
    "raw": (101, lambda packet: packet),
    "cooked": (113, lambda packet: b"\0" * 14 + _ethertype(packet) + packet),
    "cooked 2": (276, lambda packet: _ethertype(packet) + b"\0" * 18 + packet),
}


def pcap(
    packets: Iterable[bytes], link: str = "ethernet", order: str = "<", magic: int = 0xA1B2C3D4
) -> bytes:
    """A classic capture file."""
    link_type, wrap = LINK_LAYERS[link]
    content = struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65535, link_type)
    for packet in map(wrap, packets):
        content += struct.pack(f"{order}IIII", 1, 2, len(packet), len(packet)) + packet
    return content


def pcapng(packets: Iterable[bytes], link: str = "ethernet", order: str = "<") -> bytes:
    """A capture file of the next generation; every other packet is a simple one."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = 12 + len(body)
        return struct.pack(f"{order}II", kind, size) + body + struct.pack(f"{order}I", size)

    link_type, wrap = LINK_LAYERS[link]
    content = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
    content += block(1, struct.pack(f"{order}HHI", link_type, 0, 0))
    content += block(5, b"statistics")
    for number, packet in enumerate(map(wrap, packets)):
        if number % 2:
            content += block(3, struct.pack(f"{order}I", len(packet)) + packet)
        else:
            content += block(6, struct.pack(f"{order}IIIII", 0, 1, 2, len(packet), len(packet)) + packet)
    return content

"""`mockbroker decode` of network captures."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.captures import (
    CLIENT,
    LINK_LAYERS,
    Conversation,
    Decode,
    beaten,
    heartbeat,
    pcap,
    pcapng,
    with_length,
)

WIRE = Path(__file__).parents[1] / "data" / "wire"


class TestCaptures:
    def talk(self, **options: Any) -> Conversation:
        talk = Conversation(**options)
        return (
            talk.ask(heartbeat(1))
            .answer(beaten(1))
            .ask(heartbeat(2), heartbeat(3))
            .answer(beaten(2), beaten(3))
        )

    EXPECTED = (
        ("10.0.0.1:50000 > 10.0.0.2:9092", "request", 1),
        ("10.0.0.2:9092 > 10.0.0.1:50000", "response", 1),
        ("10.0.0.1:50000 > 10.0.0.2:9092", "request", 2),
        ("10.0.0.1:50000 > 10.0.0.2:9092", "request", 3),
        ("10.0.0.2:9092 > 10.0.0.1:50000", "response", 2),
        ("10.0.0.2:9092 > 10.0.0.1:50000", "response", 3),
    )

    def seen(self, decode: Decode, content: bytes, code: int = 0) -> list[Any]:
        ended, text = decode(content, "--json")
        assert ended == code, text
        rows = map(json.loads, text.splitlines())
        return [(row["where"], row.get("kind"), row.get("correlation_id", row.get("error"))) for row in rows]

    @pytest.mark.parametrize("link", LINK_LAYERS)
    @pytest.mark.parametrize("order", "<>")
    def test_every_link_layer(self, decode: Decode, link: str, order: str) -> None:
        packets = self.talk().packets
        assert self.seen(decode, pcap(packets, link, order)) == [*self.EXPECTED]
        assert self.seen(decode, pcapng(packets, link, order)) == [*self.EXPECTED]

    def test_nanoseconds(self, decode: Decode) -> None:
        assert self.seen(decode, pcap(self.talk().packets, magic=0xA1B23C4D)) == [*self.EXPECTED]

    def test_ipv6(self, decode: Decode) -> None:
        talk = self.talk(client=("fe80::1", 50000), broker=("fe80::2", 9092))
        rows = self.seen(decode, pcap(talk.packets))
        assert [row[1:] for row in rows] == [row[1:] for row in self.EXPECTED]
        assert rows[0][0] == "[fe80::1]:50000 > [fe80::2]:9092"

    @pytest.mark.parametrize("seed", range(10))
    def test_segments_out_of_order_and_twice(self, decode: Decode, seed: int) -> None:
        chance = random.Random(seed)
        talk = Conversation(first_sequence=(1 << 32) - 20)
        for number in range(20):
            talk.ask(heartbeat(number, "g" * chance.randrange(200)), size=chance.randrange(1, 60))
        packets = [*talk.packets[:2], *shuffled_nearby(talk.packets[2:], chance)]
        rows = self.seen(decode, pcap(packets))
        assert [row[2] for row in rows] == list(range(20))

    def test_a_capture_that_began_later(self, decode: Decode) -> None:
        talk = self.talk(greets=False)
        assert self.seen(decode, pcap(talk.packets)) == [*self.EXPECTED]

    def test_an_answer_whose_request_came_before_the_capture(self, decode: Decode) -> None:
        talk = Conversation(greets=False).answer(beaten(1)).ask(heartbeat(2)).answer(beaten(1), beaten(2))
        rows = self.seen(decode, pcap(talk.packets), code=1)
        assert [row[2] for row in rows] == [2, "an answer to a request that is not in the capture", 2]

    def test_several_connections(self, decode: Decode) -> None:
        one, other = self.talk(), self.talk(client=("10.0.0.9", 40000), first_sequence=9)
        packets = [packet for both in zip(one.packets, other.packets, strict=True) for packet in both]
        rows = self.seen(decode, pcap(packets))
        assert [row for row in rows if "10.0.0.1:" in row[0]] == [*self.EXPECTED]
        assert len(rows) == 2 * len(self.EXPECTED)

    def test_a_port_that_is_used_again(self, decode: Decode) -> None:
        packets = self.talk().packets + self.talk(first_sequence=500_000).packets
        assert self.seen(decode, pcap(packets)) == [*self.EXPECTED, *self.EXPECTED]

    def test_segments_that_the_capture_lost(self, decode: Decode) -> None:
        talk = Conversation().ask(heartbeat(1)).ask(heartbeat(2)).ask(heartbeat(3))
        del talk.packets[3]
        rows = self.seen(decode, pcap(talk.packets), code=1)
        assert rows[0][2] == 1
        assert rows[1] == ("10.0.0.1:50000 at the end", None, "segments are missing")

    def test_a_frame_that_the_capture_cut_off(self, decode: Decode) -> None:
        talk = Conversation().ask(heartbeat(1)).send(CLIENT, with_length(heartbeat(2))[:9])
        assert self.seen(decode, pcap(talk.packets), code=1)[1][2] == "the frame is cut off"

    def test_other_protocols_are_passed_over(
        self, decode: Decode, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tls = Conversation(client=("10.0.0.3", 1)).send(
            ("10.0.0.3", 1), bytes.fromhex("1603010200010001fc0303")
        )
        http = Conversation(client=("10.0.0.4", 1)).send(("10.0.0.4", 1), b"GET / HTTP/1.1\r\n\r\n")
        odd = Conversation(client=("10.0.0.5", 1)).ask(b"hello")
        udp = b"\x45\0\0\x1c\0\1\0\0\x40\x11\0\0" + bytes(16)
        packets = [*tls.packets, *http.packets, *odd.packets, udp, b"\x45", *self.talk().packets]
        assert self.seen(decode, pcap(packets)) == [*self.EXPECTED]

    def test_a_link_layer_that_is_not_known(self, decode: Decode) -> None:
        content = bytearray(pcap(self.talk().packets))
        content[20] = 200
        assert decode(bytes(content))[0] == 2

    @pytest.mark.parametrize("make", [pcap, pcapng])
    def test_a_capture_that_is_cut_off_anywhere(self, decode: Decode, make: Callable[..., bytes]) -> None:
        content = make(self.talk().packets)
        for end in range(4, len(content), 7):
            assert decode(content[:end])[0] in (0, 1, 2)

    def test_garbage_after_the_beginning(self, decode: Decode) -> None:
        chance = random.Random(5)
        for _ in range(200):
            content = bytearray(chance.choice([pcap, pcapng])(self.talk().packets))
            for _ in range(5):
                content[chance.randrange(4, len(content))] = chance.randrange(256)
            assert decode(bytes(content))[0] in (0, 1, 2)


def shuffled_nearby(packets: list[bytes], chance: random.Random) -> list[bytes]:
    """Some packets twice, and each within a few places of where it was."""
    placed = [(number + chance.random() * 4, packet) for number, packet in enumerate(packets)]
    placed += [(place + chance.random() * 4, packet) for place, packet in placed if chance.random() < 0.3]
    return [packet for _, packet in sorted(placed, key=lambda one: one[0])]

"""A raw client whose requests may wait: they are sent, and their answers are asked for later."""

from __future__ import annotations

import select
import struct
from typing import Any

from compat_tests.differential.peer import Peer
from protocol_specs import api_named
from protocol_specs.notation import Api

__all__ = ["ParkingPeer"]


class ParkingPeer(Peer):
    """One connection with one request on its way at most."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._sent: tuple[Api, int] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a request has not been answered, or its answer not been taken."""
        return self._sent is not None

    def send(self, name: str, version: int, values: dict[str, Any]) -> None:
        """Send one request."""
        assert self._sent is None, "one request at a time"
        api = api_named(name)
        frame = self.frame(api, version, values)
        self._connected().sendall(struct.pack(">i", len(frame)) + frame)
        self._sent = api, version

    def take(self, within: float) -> Any:
        """The answer as plain data; None where it does not come within so many seconds, or nothing was sent."""
        if self._sent is None or not select.select([self._connected()], [], [], within)[0]:
            return None
        sock = self._connected()
        frame = self._read(sock, struct.unpack(">i", self._read(sock, 4))[0])
        (api, version), self._sent = self._sent, None
        return self.decode(api, version, frame)

"""A batch on its way into a log: its bytes, and its header taken apart once."""

from __future__ import annotations

import struct

from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.record_batch import (
    HEADER,
    HEADER_SIZE,
    BatchHeader,
    EndTxnMarker,
    build_end_txn_marker,
    restamp_time,
)

__all__ = ["Batch", "OwnBatch", "marker_batch"]

#: Base offset, length, leader epoch.
_START = struct.Struct(">qii")


class Batch(BatchHeader):
    """One batch of magic 2.

    Attributes:
        view: its bytes, all of them and nothing else, in the buffer in which they arrived.
        at: where in that buffer it begins; None: not known.
    """

    __slots__ = ("at", "view")

    def __init__(self, view: memoryview, at: int | None = None) -> None:
        if len(view) < HEADER_SIZE:
            raise KafkaError(
                ErrorCode.CORRUPT_MESSAGE,
                f"Record batch is corrupt (the size {len(view)} "
                f"is smaller than the minimum allowed overhead {HEADER_SIZE})",
            )
        self.view = view
        self.at = at
        (
            self.base_offset,
            self.length,
            self.leader_epoch,
            self.magic,
            self.crc,
            self.attributes,
            self.last_offset_delta,
            self.base_timestamp,
            self.max_timestamp,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.count,
        ) = HEADER.unpack_from(view)

    def stamp(self, base_offset: int, leader_epoch: int) -> None:
        """Set where it stands in the log, and under which leader it came there."""
        self.base_offset = base_offset
        self.leader_epoch = leader_epoch
        _START.pack_into(self.view, 0, base_offset, self.length, leader_epoch)

    def restamp_time(self, max_timestamp: int, *, is_append_time: bool) -> None:
        """Set the greatest timestamp and its type; the CRC follows."""
        restamp_time(self.view, max_timestamp, is_append_time=is_append_time)
        Batch.__init__(self, self.view, self.at)


class OwnBatch(Batch):
    """A batch that a coordinator has just built: whole, with the time of now in records that have keys.

    Attributes:
        marker: what its record says, where it ends a transaction.
    """

    __slots__ = ("marker",)

    def __init__(self, batch: bytearray, marker: EndTxnMarker | None = None) -> None:
        Batch.__init__(self, memoryview(batch), 0)
        self.marker = marker


def marker_batch(
    marker: EndTxnMarker, *, producer_id: int, producer_epoch: int, timestamp_ms: int
) -> OwnBatch:
    """The batch that commits or aborts a producer's transaction in one partition."""
    built = build_end_txn_marker(
        marker, producer_id=producer_id, producer_epoch=producer_epoch, timestamp_ms=timestamp_ms
    )
    return OwnBatch(built, marker)

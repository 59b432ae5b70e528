"""Lint rules for what consumers do: see `control.lint.RULES`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockbroker.control.exchange import Exchange
from mockbroker.control.fields import Place
from mockbroker.control.lint_deeds import Deeds, Suspicion, batches_of, crowded

__all__ = [
    "busy_polling",
    "commit_past_fetched",
    "commit_per_record",
    "never_leaves",
    "tiny_fetches",
]

_COMMITS_PER_RECORD = 10
_TINY_BYTES = 16 * 1024
_SHORT_WAIT_MS = 10
_EMPTY_FETCHES, _EMPTY_SECONDS = 20, 1.0

#: How members of the kinds of groups are there.
_GROUP_BEGINNINGS = (
    "JoinGroup",
    "ConsumerGroupHeartbeat",
    "ShareGroupHeartbeat",
    "StreamsGroupHeartbeat",
)


def _commits(deeds: Deeds) -> Iterator[tuple[Exchange, str, str, int, int]]:
    """Exchange, group, topic, partition and offset of each commit that was accepted."""
    for exchange in deeds.of("OffsetCommit", "TxnOffsetCommit"):
        if exchange.errors or exchange.response is None:
            continue
        names = [place.topic for place in exchange.places]
        offsets = [
            (one.partition_index, one.committed_offset)
            for topic in exchange.request.topics
            for one in topic.partitions
        ]
        for name, (partition, offset) in zip(names, offsets, strict=False):
            yield exchange, exchange.request.group_id, str(name), partition, offset


def commit_per_record(deeds: Deeds) -> Iterator[Suspicion]:
    runs: dict[tuple[str, str, int], tuple[int, list[Exchange]]] = {}
    told = set()
    for exchange, group, topic, partition, offset in _commits(deeds):
        key = group, topic, partition
        last, run = runs.get(key, (-1, []))
        run = [*run, exchange] if offset == last + 1 else [exchange]
        runs[key] = offset, run
        if len(run) >= _COMMITS_PER_RECORD and key not in told:
            told.add(key)
            yield (
                f"committed {topic}-{partition} for group {group!r} after each of {len(run)} records",
                run,
            )


def commit_past_fetched(deeds: Deeds) -> Iterator[Suspicion]:
    fetched = _fetched_to(deeds)
    told = set()
    for exchange, group, topic, partition, offset in _commits(deeds):
        end = fetched.get((topic, partition))
        if end is not None and offset > end and (topic, partition) not in told:
            told.add((topic, partition))
            yield (
                f"committed {topic}-{partition} for group {group!r} to {offset}, but fetched to {end} only",
                [exchange],
            )


def _fetched_to(deeds: Deeds) -> dict[tuple[str, int], int]:
    """For each partition that was read, the offset after the last one seen: by its records, or by where it asked."""
    ends: dict[tuple[str, int], int] = {}

    def saw(topic: object, partition: int, end: int) -> None:
        if isinstance(topic, str):
            ends[topic, partition] = max(end, ends.get((topic, partition), 0))

    for exchange in deeds.of("Fetch"):
        for wanted in exchange.request.topics:
            name = exchange.named(Place(wanted.topic or wanted.topic_id)).topic
            for one in wanted.partitions:
                saw(name, one.partition, one.fetch_offset)
        for topic in exchange.response.responses if exchange.response is not None else ():
            name = exchange.named(Place(topic.topic or topic.topic_id)).topic
            for entry in topic.partitions:
                for header, _ in batches_of(entry.records):
                    saw(name, entry.partition_index, header.last_offset + 1)
    return ends


def never_leaves(deeds: Deeds) -> Iterator[Suspicion]:
    members: dict[tuple[str, str], Exchange] = {}
    for exchange in deeds.of(*_GROUP_BEGINNINGS, "LeaveGroup"):
        request = exchange.request
        if exchange.api == "LeaveGroup":
            gone = [member.member_id for member in request.members] or [request.member_id]
            for member_id in gone:
                members.pop((request.group_id, member_id), None)
        elif not _is_static(request) and not exchange.errors and exchange.response is not None:
            key = request.group_id, exchange.response.member_id or request.member_id
            if getattr(request, "member_epoch", 0) < 0:
                members.pop(key, None)
            else:
                members[key] = exchange
    for (group, member_id), exchange in members.items():
        if not deeds.is_connected(exchange.connection):
            yield f"was member {member_id!r} of group {group!r}, and went without leaving it", [exchange]


def _is_static(request: Any) -> bool:
    """Whether the member has a name of its own, and so may come back."""
    names = [getattr(request, field, None) for field in ("group_instance_id", "instance_id")]
    return names != [None, None]


def tiny_fetches(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = [
        exchange
        for exchange in deeds.of("Fetch")
        if exchange.request.max_bytes < _TINY_BYTES
        or any(
            one.partition_max_bytes < _TINY_BYTES
            for topic in exchange.request.topics
            for one in topic.partitions
        )
    ]
    if evidence:
        yield f"asked for less than {_TINY_BYTES} bytes in {len(evidence)} Fetch requests", evidence


def busy_polling(deeds: Deeds) -> Iterator[Suspicion]:
    empty = [
        exchange
        for exchange in deeds.of("Fetch")
        if exchange.request.max_wait_ms < _SHORT_WAIT_MS
        and exchange.response is not None
        and not any(one.records for topic in exchange.response.responses for one in topic.partitions)
    ]
    evidence = crowded(empty, _EMPTY_FETCHES, _EMPTY_SECONDS)
    if evidence:
        yield (
            f"sent {_EMPTY_FETCHES} Fetch requests within a second that found nothing, with "
            f"max_wait_ms={empty[0].request.max_wait_ms}",
            evidence,
        )

"""Lint rules for what producers do: see `control.lint.RULES`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockbroker.control.exchange import Exchange
from mockbroker.control.lint_deeds import Deeds, Suspicion, batches_of, crowded
from protocol_specs.errors import ErrorCode

__all__ = ["acks_0", "acks_1", "no_idempotence", "no_key_on_compacted", "open_transaction", "tiny_batches"]

_TINY_REQUESTS, _TINY_SECONDS = 50, 1.0
_NO_KEY = "without key"


def acks_0(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = [exchange for exchange in deeds.of("Produce") if exchange.request.acks == 0]
    if evidence:
        yield f"sent {len(evidence)} Produce requests with acks=0", evidence


def acks_1(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = [exchange for exchange in deeds.of("Produce") if exchange.request.acks == 1]
    if evidence:
        yield f"sent {len(evidence)} Produce requests with acks=1", evidence


def no_idempotence(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = [
        exchange
        for exchange in deeds.of("Produce")
        if any(header.producer_id < 0 for header in _headers(exchange))
    ]
    if evidence:
        yield f"sent {len(evidence)} Produce requests without a producer id", evidence


def tiny_batches(deeds: Deeds) -> Iterator[Suspicion]:
    single = [
        exchange for exchange in deeds.of("Produce") if [header.count for header in _headers(exchange)] == [1]
    ]
    evidence = crowded(single, _TINY_REQUESTS, _TINY_SECONDS)
    if evidence:
        yield f"sent {_TINY_REQUESTS} Produce requests of one record each within a second", evidence


def no_key_on_compacted(deeds: Deeds) -> Iterator[Suspicion]:
    found: dict[str, list[Exchange]] = {}
    for exchange in deeds.of("Produce"):
        for topic in exchange.response.responses if exchange.response is not None else ():
            if any(_is_refused_for_its_key(one) for one in topic.partition_responses):
                for name in exchange.topics:
                    found.setdefault(name, []).append(exchange)
    for name, evidence in found.items():
        yield f"sent records without a key to the compacted topic {name}", evidence


def open_transaction(deeds: Deeds) -> Iterator[Suspicion]:
    began: dict[str, Exchange] = {}
    for exchange in deeds.of("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "Produce", "EndTxn"):
        name = _transactional_id(exchange)
        if name is None or exchange.errors:
            continue
        if exchange.api in ("EndTxn", "InitProducerId"):
            began.pop(name, None)
        elif exchange.api != "Produce" or any(header.is_transactional for header in _headers(exchange)):
            began.setdefault(name, exchange)
    for name, first in began.items():
        yield f"left a transaction of {name!r} open", [first]


def _headers(exchange: Exchange) -> Iterator[Any]:
    for topic in exchange.request.topic_data:
        for one in topic.partition_data:
            for header, _ in batches_of(one.records):
                yield header


def _is_refused_for_its_key(entry: Any) -> bool:
    return entry.error_code == ErrorCode.INVALID_RECORD and any(
        _NO_KEY in (error.batch_index_error_message or "") for error in entry.record_errors
    )


def _transactional_id(exchange: Exchange) -> str | None:
    request = exchange.request
    for name in ("transactional_id", "v3_and_below_transactional_id"):
        value: str | None = getattr(request, name, None)
        if value:
            return value
    return None

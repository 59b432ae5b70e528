"""Lint rules for what any client does: see `control.lint.RULES`."""

from __future__ import annotations

from collections.abc import Iterator

from mockbroker.control.exchange import Exchange
from mockbroker.control.lint_deeds import Deeds, Suspicion, crowded, distinct
from protocol_specs.errors import ErrorCode

__all__ = [
    "auto_created_topics",
    "metadata_storm",
    "old_versions",
    "retry_storm",
    "short_lived_clients",
]

_METADATA_REQUESTS, _METADATA_SECONDS = 20, 1.0
_RETRIES, _RETRY_SECONDS = 10, 0.5
_SHORT_LIVES, _FEW_REQUESTS = 10, 8

_NO_VERSION = "has no version"

_METADATA, _CREATE_TOPICS = 3, 19


def old_versions(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = [exchange for exchange in deeds.exchanges if _NO_VERSION in (exchange.closed or "")]
    if evidence:
        asked = distinct(f"{exchange.api} v{exchange.version}" for exchange in evidence)
        yield f"asked for {', '.join(asked)}", evidence


def metadata_storm(deeds: Deeds) -> Iterator[Suspicion]:
    evidence = crowded(deeds.of("Metadata"), _METADATA_REQUESTS, _METADATA_SECONDS)
    if evidence:
        yield f"sent {_METADATA_REQUESTS} Metadata requests within a second", evidence


def retry_storm(deeds: Deeds) -> Iterator[Suspicion]:
    """The same API with the same error, again and again on one connection."""
    runs: dict[tuple[int, str], tuple[ErrorCode, list[Exchange]]] = {}
    told = set()
    for exchange in deeds.exchanges:
        key = exchange.connection, exchange.api
        code = next((code for _, code in exchange.errors if code.is_retriable), None)
        if code is None:
            runs.pop(key, None)
            continue
        last, run = runs.get(key, (code, []))
        run = [*run, exchange] if last == code else [exchange]
        runs[key] = code, run
        evidence = crowded(run[-_RETRIES:], _RETRIES, _RETRY_SECONDS)
        if evidence and key not in told:
            told.add(key)
            yield f"repeated {exchange.api} {_RETRIES} times within half a second after {code.name}", evidence


def short_lived_clients(deeds: Deeds) -> Iterator[Suspicion]:
    connections: dict[int, list[Exchange]] = {}
    for exchange in deeds.exchanges:
        connections.setdefault(exchange.connection, []).append(exchange)
    short = [
        exchanges[0]
        for connection, exchanges in connections.items()
        if len(exchanges) <= _FEW_REQUESTS and not deeds.is_connected(connection)
    ]
    if len(short) >= _SHORT_LIVES:
        yield f"opened {len(short)} connections for {_FEW_REQUESTS} requests or less each", short


def auto_created_topics(deeds: Deeds) -> Iterator[Suspicion]:
    created = {
        topic.name
        for exchange in deeds.everybody
        if exchange.key == _CREATE_TOPICS and exchange.request is not None
        for topic in exchange.request.topics
    }
    known = {
        name
        for exchange in deeds.everybody
        if exchange.key == _METADATA
        for name in _topics_without_error(exchange)
    }
    told = set()
    for exchange in deeds.of("Metadata"):
        if not exchange.request.allow_auto_topic_creation:
            continue
        for place, code in exchange.errors:
            name = place.topic
            if (
                code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                and name in known
                and name not in created
                and name not in told
            ):
                told.add(name)
                yield f"had the topic {name} created by asking for it", [exchange]


def _topics_without_error(exchange: Exchange) -> list[str]:
    if exchange.response is None:
        return []
    return [topic.name for topic in exchange.response.topics if topic.error_code == 0 and topic.name]

"""The time that a request gives the controller."""

from __future__ import annotations

from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["check_deadline"]


def check_deadline(timeout_ms: int) -> None:
    """Refuse what gives the controller no time: it is too late when its turn comes (`KafkaEventQueue`).

    Raises:
        KafkaError: REQUEST_TIMED_OUT.
    """
    if timeout_ms <= 0:
        raise KafkaError(ErrorCode.REQUEST_TIMED_OUT)

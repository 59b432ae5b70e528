"""What older clients of the transaction coordinator are told when they are fenced (KIP-588)."""

from __future__ import annotations

from protocol_specs.errors import ErrorCode

__all__ = ["fenced_code"]


def fenced_code(code: ErrorCode, version: int, *, known_since: int) -> ErrorCode:
    """The code itself, but INVALID_PRODUCER_EPOCH where the version does not know PRODUCER_FENCED."""
    if version < known_since and code is ErrorCode.PRODUCER_FENCED:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    return code

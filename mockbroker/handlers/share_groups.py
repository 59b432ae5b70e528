"""What the requests of share groups have in common.

Kafka: `KafkaApis.isShareGroupProtocolEnabled`, `.isMemberIdValid`.
"""

from __future__ import annotations

from typing import Final

from mockbroker.handlers.call import Call

__all__ = ["is_served", "may_be_member_id"]

_SHARE_VERSION: Final = "share.version"

#: As long as a UUID is as text.
_LONGEST_MEMBER_ID: Final = 36


def is_served(call: Call) -> bool:
    """Whether the cluster has share groups."""
    return call.core.features.level(_SHARE_VERSION) > 0


def may_be_member_id(member_id: str | None) -> bool:
    """Whether a member may call itself so."""
    return bool(member_id) and len(member_id or "") <= _LONGEST_MEMBER_ID

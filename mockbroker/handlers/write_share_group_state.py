"""WriteShareGroupState (KIP-932, KIP-1226), which brokers send to the share coordinator."""

from __future__ import annotations

from typing import Any

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_batches import unpack
from mockbroker.core.share.state_records import ShareState
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_states import StateApi
from protocol_specs.write_share_group_state import WRITE_SHARE_GROUP_STATE

__all__ = ["handle", "refuse"]


def _ask(call: Call, key: SharePartitionKey, asked: Any) -> Any:
    change = ShareState(
        start_offset=asked.start_offset,
        delivery_complete_count=asked.delivery_complete_count,
        batches=unpack(asked.state_batches),
    )
    return call.core.share_states.write(call.node.id, key, asked.state_epoch, asked.leader_epoch, change)


_API = StateApi(WRITE_SHARE_GROUP_STATE, _ask)
handle = _API.handle
refuse = _API.refuse

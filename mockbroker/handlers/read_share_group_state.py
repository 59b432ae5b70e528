"""ReadShareGroupState (KIP-932), which brokers send to the share coordinator."""

from __future__ import annotations

from typing import Any

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_batches import pack
from mockbroker.core.share.state_records import ShareState
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_states import StateApi
from protocol_specs.read_share_group_state import READ_SHARE_GROUP_STATE

__all__ = ["handle", "refuse"]

_BATCH = READ_SHARE_GROUP_STATE.response.results.partitions.state_batches


def _ask(call: Call, key: SharePartitionKey, asked: Any) -> Any:
    return call.core.share_states.read(call.node.id, key, asked.leader_epoch)


def _fields(state: ShareState) -> dict[str, Any]:
    return {
        "state_epoch": state.state_epoch,
        "start_offset": state.start_offset,
        "state_batches": pack(state.batches, _BATCH),
    }


_API = StateApi(READ_SHARE_GROUP_STATE, _ask, _fields)
handle = _API.handle
refuse = _API.refuse

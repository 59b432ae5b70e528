"""ReadShareGroupStateSummary (KIP-932, KIP-1226), which brokers send to the share coordinator."""

from __future__ import annotations

from typing import Any

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.core.share.state_records import ShareState
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_states import StateApi
from protocol_specs.read_share_group_state_summary import READ_SHARE_GROUP_STATE_SUMMARY

__all__ = ["handle", "refuse"]


def _ask(call: Call, key: SharePartitionKey, asked: Any) -> Any:
    return call.core.share_states.summarize(call.node.id, key)


def _fields(state: ShareState) -> dict[str, Any]:
    return {
        "state_epoch": state.state_epoch,
        "leader_epoch": state.leader_epoch,
        "start_offset": state.start_offset,
        "delivery_complete_count": state.delivery_complete_count,
    }


_API = StateApi(READ_SHARE_GROUP_STATE_SUMMARY, _ask, _fields)
handle = _API.handle
refuse = _API.refuse

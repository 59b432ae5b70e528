"""InitializeShareGroupState (KIP-932), which brokers send to the share coordinator."""

from __future__ import annotations

from typing import Any

from mockbroker.core.share.keys import SharePartitionKey
from mockbroker.handlers.call import Call
from mockbroker.handlers.share_states import StateApi
from protocol_specs.initialize_share_group_state import INITIALIZE_SHARE_GROUP_STATE

__all__ = ["handle", "refuse"]


def _ask(call: Call, key: SharePartitionKey, asked: Any) -> Any:
    return call.core.share_states.initialize(call.node.id, key, asked.state_epoch, asked.start_offset)


_API = StateApi(INITIALIZE_SHARE_GROUP_STATE, _ask, skips_empty=False)
handle = _API.handle
refuse = _API.refuse

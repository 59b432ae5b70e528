"""UnregisterBroker (KIP-500): the controller forgets a broker.

Kafka: `ControllerApis.handleUnregisterBroker`, `ReplicationControlManager.unregisterBroker`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.brokers import unregister
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.unregister_broker import UNREGISTER_BROKER

__all__ = ["handle", "refuse"]

_RESPONSE = UNREGISTER_BROKER.response


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    unregister(call.core.cluster, request.broker_id)
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message="")


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error with its whole text (`UnregisterBrokerRequest.getErrorResponse`)."""
    # Before 4.1 the text was left out.
    text: str | None = "" if call.core.profile.is_before("4.1") else error.message
    if error.code is ErrorCode.REQUEST_TIMED_OUT:
        # The controller was not reached, and the exception that says so has no text.
        text = None
    return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=text)

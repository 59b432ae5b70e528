"""UpdateFeatures (KIP-584, KIP-778).

Kafka: `ControllerApis.handleUpdateFeatures`, `QuorumController.updateFeatures`.
"""

from __future__ import annotations

from typing import Any

from mockbroker.core.feature_changes import FeatureUpdate, update_features, update_features_each
from mockbroker.handlers.call import Call
from mockbroker.handlers.cluster_authorization import require_on_cluster
from protocol_specs.acls import AclOperation
from protocol_specs.errors import ErrorCode, KafkaError
from protocol_specs.update_features import UPDATE_FEATURES

__all__ = ["handle"]

_RESPONSE = UPDATE_FEATURES.response

#: The last version whose answer names every feature.
_NAMES_FEATURES = 1


def handle(request: Any, call: Call) -> Any:
    require_on_cluster(call, AclOperation.ALTER)
    # Version 0 has `allow_downgrade` instead, to which no controller pays heed.
    updates = [
        FeatureUpdate(one.feature, one.max_version_level, one.upgrade_type) for one in request.feature_updates
    ]
    core = call.core
    if core.profile.is_before("4.0"):
        return _update_each(updates, call, validate_only=request.validate_only)
    try:
        update_features(
            core.features, core.cluster.quorum.leader_id, updates, validate_only=request.validate_only
        )
    except KafkaError as error:
        text = "The update failed for all features since the following feature had an error: "
        return _RESPONSE(throttle_time_ms=0, error_code=error.code, error_message=f"{text}{error.message}")
    results: list[Any] = []
    if call.version <= _NAMES_FEATURES:
        results = [
            _RESPONSE.results(feature=update.feature, error_code=ErrorCode.NONE, error_message="NONE")
            for update in updates
        ]
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message=None, results=results)


def _update_each(updates: list[FeatureUpdate], call: Call, *, validate_only: bool) -> Any:
    controller_id = call.core.cluster.quorum.leader_id
    errors = update_features_each(call.core.features, controller_id, updates, validate_only=validate_only)
    results = [
        _RESPONSE.results(
            feature=name,
            error_code=error.code if error else ErrorCode.NONE,
            error_message=error.message if error else None,
        )
        for name, error in errors.items()
    ]
    return _RESPONSE(throttle_time_ms=0, error_code=ErrorCode.NONE, error_message="", results=results)

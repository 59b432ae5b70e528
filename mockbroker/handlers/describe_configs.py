"""DescribeConfigs (KIP-133, KIP-226, KIP-412, KIP-524, KIP-569, KIP-714, KIP-848).

Kafka: `ConfigHelper.handleDescribeConfigsRequest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.core.config_entries import ConfigResourceType, resource_types
from mockbroker.handlers.call import Call
from mockbroker.handlers.config_authorization import why_not_on_configs
from protocol_specs.acls import AclOperation
from protocol_specs.describe_configs import DESCRIBE_CONFIGS
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config.catalog import Catalog
    from mockbroker.core.config_entries import ConfigEntry

__all__ = ["handle", "refuse"]

_RESPONSE = DESCRIBE_CONFIGS.response
_RESULT = _RESPONSE.results
_CONFIG = _RESULT.configs


def handle(request: Any, call: Call) -> Any:
    described, denied = [], []
    known = resource_types(call.core.settings.catalog)
    for resource in request.resources:
        if resource.resource_type not in known:
            # One unknown type spoils the whole request.
            raise KafkaError(ErrorCode.INVALID_REQUEST)
        code = why_not_on_configs(
            call, AclOperation.DESCRIBE_CONFIGS, resource.resource_type, resource.resource_name
        )
        if code is None:
            described.append(_describe(request, resource, call))
        else:
            denied.append(_failed(resource, KafkaError(code)))
    return _RESPONSE(throttle_time_ms=0, results=described + denied)


def refuse(request: Any, call: Call, error: KafkaError) -> Any:
    """The error, for each resource (`DescribeConfigsRequest.getErrorResponse`)."""
    generic = KafkaError(error.code)
    return _RESPONSE(
        throttle_time_ms=0, results=[_failed(resource, generic) for resource in request.resources]
    )


def _describe(request: Any, resource: Any, call: Call) -> Any:
    described = call.core.configs.describe(
        call.node.id, resource.resource_type, resource.resource_name, resource.configuration_keys
    )
    shown = _Shown(call.core.settings.catalog)
    return _RESULT(
        error_code=described.code,
        error_message=described.message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=[_entry(request, entry, resource.resource_type, shown) for entry in described.entries],
    )


class _Shown:
    """What the answers of a release show.

    Attributes:
        defaults: whether version 0 says of a default that it is one; from 2.8 on Kafka forgot to.
        undocumented: the kinds of entities of whose configs nothing is said.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.defaults = catalog.is_before("2.8")
        self.undocumented = {ConfigResourceType.BROKER_LOGGER}
        if catalog.is_before("4.1"):
            self.undocumented.add(ConfigResourceType.CLIENT_METRICS)


def _entry(request: Any, entry: ConfigEntry, resource_type: int, shown: _Shown) -> Any:
    config = _CONFIG(
        name=entry.name,
        value=entry.value,
        read_only=entry.is_read_only,
        is_default=entry.is_default and shown.defaults,
        config_source=entry.source,
        is_sensitive=entry.is_sensitive,
        config_type=entry.type,
    )
    if request.include_synonyms:
        config.synonyms = [
            _CONFIG.synonyms(name=synonym.name, value=synonym.value, source=synonym.source)
            for synonym in entry.synonyms
        ]
    # Where Kafka says nothing of documentation it is the field's default, an empty text.
    if resource_type not in shown.undocumented:
        config.documentation = entry.documentation if request.include_documentation else None
    return config


def _failed(resource: Any, error: KafkaError) -> Any:
    return _RESULT(
        error_code=error.code,
        error_message=error.message,
        resource_type=resource.resource_type,
        resource_name=resource.resource_name,
        configs=[],
    )

"""ApiVersions (KIP-35, KIP-511, KIP-584)."""

from __future__ import annotations

import re
from typing import Any

from mockbroker.handlers import HANDLERS
from mockbroker.handlers.call import Call
from protocol_specs.api_versions import API_VERSIONS
from protocol_specs.errors import ErrorCode

__all__ = ["handle"]

_RESPONSE = API_VERSIONS.response

#: `ApiVersionsRequest.SOFTWARE_NAME_VERSION_PATTERN`.
_SOFTWARE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")

#: The first version in which a client names its software.
_NAMES_SOFTWARE = 3

#: The first version whose clients accept a supported feature that begins at 0.
_TAKES_ZERO = 4


def handle(request: Any, call: Call) -> Any:
    if call.version >= _NAMES_SOFTWARE:
        name, version = request.client_software_name, request.client_software_version
        if not (_SOFTWARE.fullmatch(name) and _SOFTWARE.fullmatch(version)):
            return _RESPONSE(error_code=ErrorCode.INVALID_REQUEST, api_keys=[])
        call.caller.software_name, call.caller.software_version = name, version
    features = call.core.features
    key = call.version, features.epoch
    cache = call.core.encoded_api_versions
    if key not in cache:
        cache[key] = _RESPONSE[call.version].build(_answer(call))
    return cache[key]


def _answer(call: Call) -> Any:
    features = call.core.features
    return _RESPONSE(
        error_code=ErrorCode.NONE,
        api_keys=_offered(call),
        supported_features=[
            _RESPONSE.supported_features(name=name, min_version=first, max_version=last)
            for name, (first, last) in features.supported.items()
            if first > 0 or call.version >= _TAKES_ZERO
        ],
        finalized_features_epoch=features.epoch,
        finalized_features=[
            _RESPONSE.finalized_features(name=name, max_version_level=level, min_version_level=level)
            for name, level in features.finalized.items()
        ],
    )


def _offered(call: Call) -> list[Any]:
    profile = call.core.profile
    keys = []
    for key in HANDLERS:
        advertised = profile.advertised(key)
        if advertised is not None:
            first, last = advertised
            keys.append(_RESPONSE.api_keys(api_key=key, min_version=first, max_version=last))
    return keys

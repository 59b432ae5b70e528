"""Changes of feature levels (KIP-584, KIP-778, KIP-1022).

Rules kept here (Kafka: `FeatureControlManager`, `ConfigurationControlManager.updateFeatures`):

- All the updates of a request hold together; the first that fails is the answer.
- A level may only fall where the update says that it is a downgrade. `metadata.version` falls no deeper than to the
  last level that changed what is stored, and `kraft.version` never.
- With eligible leader replicas on, `min.insync.replicas` is the cluster's, and no broker has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from mockbroker.core.features import KRAFT_VERSION
from mockbroker.core.java_maps import hash_order
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.features import Features

__all__ = ["FeatureUpdate", "UpgradeType", "follow_elr", "update_features", "update_features_each"]

METADATA_VERSION: Final = "metadata.version"
ELR_VERSION: Final = "eligible.leader.replicas.version"

#: The levels of `metadata.version` that changed what is stored.
_CHANGED_METADATA: Final = frozenset({7, 8, 11, 13, 14, 15, 17, 23, 30})

#: What a level needs of `metadata.version`.
_NEEDS: Final = {(ELR_VERSION, 1): 23}

_MIN_ISR: Final = "min.insync.replicas"


class UpgradeType(IntEnum):
    """What an update may do (Kafka: `FeatureUpdate.UpgradeType`); other numbers are unknown."""

    UPGRADE = 1
    SAFE_DOWNGRADE = 2
    UNSAFE_DOWNGRADE = 3


class FeatureUpdate(NamedTuple):
    """The level that a feature is to have; the upgrade type as a number."""

    feature: str
    level: int
    upgrade_type: int = UpgradeType.UPGRADE


def update_features(
    features: Features, controller_id: int, updates: Iterable[FeatureUpdate], *, validate_only: bool = False
) -> None:
    """Change levels.

    Args:
        controller_id: who says what is supported.

    Raises:
        KafkaError: INVALID_UPDATE_VERSION, with the text for the one feature.
    """
    by_name = {update.feature: update for update in updates}
    for error in _errors(features, controller_id, by_name):
        if error is not None:
            raise error
    if not validate_only:
        features.set_levels({name: update.level for name, update in by_name.items()})


def update_features_each(
    features: Features, controller_id: int, updates: Iterable[FeatureUpdate], *, validate_only: bool = False
) -> dict[str, KafkaError | None]:
    """Change levels as the releases before 4.0 did: those that can be, whatever becomes of the others.

    Returns:
        The error of each feature, or None.
    """
    by_name = {update.feature: update for update in updates}
    errors = dict(zip(hash_order(by_name), _errors(features, controller_id, by_name), strict=True))
    if not validate_only:
        features.set_levels({name: by_name[name].level for name, error in errors.items() if error is None})
    return errors


def _errors(
    features: Features, controller_id: int, by_name: Mapping[str, FeatureUpdate]
) -> Iterator[KafkaError | None]:
    metadata_version = features.level(METADATA_VERSION)
    if METADATA_VERSION in by_name:
        metadata_version = by_name[METADATA_VERSION].level
    for name in hash_order(by_name):
        try:
            _check(features, controller_id, by_name[name], metadata_version)
        except KafkaError as error:
            yield error
        else:
            yield None


def follow_elr(features: Features, cluster: Cluster, settings: Settings) -> None:
    """Let the cluster have eligible leader replicas if the feature is on."""
    cluster.elr_enabled = features.level(ELR_VERSION) > 0
    if not cluster.elr_enabled:
        return
    if _MIN_ISR not in settings.dynamic_default:
        of_cluster = {**settings.dynamic_default, _MIN_ISR: settings.static.get(_MIN_ISR, "1")}
        settings.set_dynamic(None, of_cluster)
    for broker_id in settings.brokers_with_configs:
        own = dict(settings.dynamic_of(broker_id))
        if own.pop(_MIN_ISR, None) is not None:
            settings.set_dynamic(broker_id, own)


def _check(features: Features, controller_id: int, update: FeatureUpdate, metadata_version: int) -> None:
    name, level, upgrade_type = update
    if upgrade_type not in (1, 2, 3):
        raise _invalid(update, "The controller does not support the given upgrade type.")
    if level < 0:
        raise _invalid(update, "A feature version cannot be less than 0.")
    lowest, highest = features.supported.get(name, (0, 0))
    if not lowest <= level <= highest:
        limits = str(lowest) if lowest == highest else f"{lowest}-{highest}"
        reason = "does not support this feature." if highest == 0 else f"only supports versions {limits}"
        raise _invalid(update, f"Local controller {controller_id} {reason}")
    kraft_level = features.kraft_level
    current = kraft_level if name == KRAFT_VERSION and kraft_level is not None else features.level(name)
    is_upgrade = upgrade_type == UpgradeType.UPGRADE
    if level < current and is_upgrade:
        text = (
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or "
        )
        raise _invalid(update, f"{text}unsafe downgrade.")
    if level > current and not is_upgrade:
        raise _invalid(update, "Can't downgrade to a newer version.")
    if name == METADATA_VERSION:
        _check_metadata_version(current, update)
    elif not features.is_known(name):
        raise _invalid(update, f"Feature {name} not found.")
    elif name == KRAFT_VERSION:
        if level != current and not is_upgrade and kraft_level is None:
            raise _invalid(update, "Can't downgrade the version of this feature.")
    elif metadata_version < _NEEDS.get((name, level), 0):
        needed = f"level {_NEEDS[name, level]}"
        text = f"{name} could not be set to {level} because it depends on {METADATA_VERSION} {needed}"
        raise _invalid(update, text)


def _check_metadata_version(current: int, update: FeatureUpdate) -> None:
    if any(level in _CHANGED_METADATA for level in range(update.level + 1, current + 1)):
        reason = (
            "Unsafe metadata downgrade is not supported in this version."
            if update.upgrade_type == UpgradeType.UNSAFE_DOWNGRADE
            else "Refusing to perform the requested downgrade because it might delete metadata information."
        )
        text = f"Unsupported {METADATA_VERSION} downgrade from {current} to {update.level}. {reason}"
        raise KafkaError(ErrorCode.INVALID_UPDATE_VERSION, text)


def _invalid(update: FeatureUpdate, reason: str) -> KafkaError:
    text = f"Invalid update version {update.level} for feature {update.feature}. {reason}"
    return KafkaError(ErrorCode.INVALID_UPDATE_VERSION, text)

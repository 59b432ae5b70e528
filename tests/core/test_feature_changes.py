"""Feature levels: what may rise and fall, and what follows from it."""

from __future__ import annotations

import pytest

from mockbroker.config import Settings
from mockbroker.core.assembly import Core
from mockbroker.core.feature_changes import FeatureUpdate, UpgradeType, update_features
from mockbroker.core.features import FINALIZED_4_3, Features
from protocol_specs.errors import ErrorCode, KafkaError

UP, SAFE, UNSAFE = UpgradeType


def test_levels_rise_and_fall() -> None:
    features = Features()
    update_features(features, 1, [FeatureUpdate("group.version", 0, SAFE)])
    assert "group.version" not in features.finalized
    assert features.level("group.version") == 0
    update_features(features, 1, [FeatureUpdate("group.version", 1), FeatureUpdate("share.version", 1)])
    assert features.finalized == FINALIZED_4_3
    assert features.epoch == 3


def test_validating_changes_nothing() -> None:
    features = Features()
    update_features(features, 1, [FeatureUpdate("group.version", 0, SAFE)], validate_only=True)
    assert (features.finalized, features.epoch) == (FINALIZED_4_3, 1)


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        (FeatureUpdate("group.version", 1, 0), "The controller does not support the given upgrade type."),
        (FeatureUpdate("group.version", 1, 4), "The controller does not support the given upgrade type."),
        (FeatureUpdate("group.version", -1), "A feature version cannot be less than 0."),
        (FeatureUpdate("no.such", 1), "Local controller 7 does not support this feature."),
        (FeatureUpdate("no.such", 0), "Feature no.such not found."),
        (FeatureUpdate("metadata.version", 31), "Local controller 7 only supports versions 7-30"),
        (FeatureUpdate("group.version", 2), "Local controller 7 only supports versions 0-1"),
        (
            FeatureUpdate("transaction.version", 1),
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe "
            "downgrade.",
        ),
        (FeatureUpdate("kraft.version", 0, SAFE), "Can't downgrade the version of this feature."),
    ],
)
def test_refusals(update: FeatureUpdate, reason: str) -> None:
    features = Features()
    with pytest.raises(KafkaError) as raised:
        update_features(features, 7, [update, FeatureUpdate("share.version", 0, SAFE)])
    text = f"Invalid update version {update.level} for feature {update.feature}. {reason}"
    assert (raised.value.code, raised.value.message) == (ErrorCode.INVALID_UPDATE_VERSION, text)
    assert features.finalized == FINALIZED_4_3


def test_a_downgrade_does_not_go_up() -> None:
    features = Features(finalized={"metadata.version": 30, "group.version": 0})
    with pytest.raises(KafkaError, match="Can't downgrade to a newer version"):
        update_features(features, 1, [FeatureUpdate("group.version", 1, SAFE)])


@pytest.mark.parametrize(("level", "upgrade_type"), [(29, SAFE), (29, UNSAFE), (7, SAFE)])
def test_metadata_that_has_changed_is_kept(level: int, upgrade_type: UpgradeType) -> None:
    with pytest.raises(
        KafkaError, match=f"Unsupported metadata.version downgrade from 30 to {level}"
    ) as raised:
        update_features(Features(), 1, [FeatureUpdate("metadata.version", level, upgrade_type)])
    assert ("Unsafe metadata downgrade" in str(raised.value.message)) is (upgrade_type is UNSAFE)


def test_metadata_falls_where_nothing_has_changed() -> None:
    features = Features(finalized={"metadata.version": 29})
    update_features(features, 1, [FeatureUpdate("metadata.version", 23, SAFE)])
    assert features.level("metadata.version") == 23
    with pytest.raises(KafkaError):
        update_features(features, 1, [FeatureUpdate("metadata.version", 22, SAFE)])


def test_eligible_leader_replicas_need_their_metadata_version() -> None:
    features = Features(finalized={"metadata.version": 22})
    elr = FeatureUpdate("eligible.leader.replicas.version", 1)
    with pytest.raises(KafkaError, match=r"because it depends on metadata\.version level 23"):
        update_features(features, 1, [elr])
    update_features(features, 1, [elr, FeatureUpdate("metadata.version", 23)])
    assert features.level("eligible.leader.replicas.version") == 1


def test_the_cluster_follows_the_feature_of_eligible_leader_replicas() -> None:
    core = Core(Settings({"min.insync.replicas": "2"}), brokers=3, seed=1)
    name = "eligible.leader.replicas.version"
    update_features(core.features, 1, [FeatureUpdate(name, 0, SAFE)])
    assert not core.cluster.elr_enabled
    core.settings.set_dynamic(None, {})
    core.settings.set_dynamic(1, {"min.insync.replicas": "1", "log.retention.ms": "5"})
    update_features(core.features, 1, [FeatureUpdate(name, 1)])
    assert core.cluster.elr_enabled
    assert core.settings.dynamic_default == {"min.insync.replicas": "2"}
    assert core.settings.dynamic_of(1) == {"log.retention.ms": "5"}

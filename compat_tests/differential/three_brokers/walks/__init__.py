"""The walks by name."""

from __future__ import annotations

from collections.abc import Callable

from compat_tests.differential.three_brokers.walk import Walk
from compat_tests.differential.three_brokers.walks import (
    coordinators,
    elections,
    epochs,
    isolation,
    quorum,
    reassignment,
)

__all__ = ["WALKS"]

#: A route takes a walk, and leaves nothing behind but topics of its own.
WALKS: dict[str, Callable[[Walk], None]] = {
    "elections": elections.elections,
    "all_down": elections.all_down,
    "last_known_leader": elections.last_known_leader,
    "unclean": elections.unclean,
    "unclean_config": elections.unclean_config,
    "two_left": elections.two_left,
    "placement": elections.placement,
    "reassignment": reassignment.reassignment,
    "cancelled": reassignment.cancelled,
    "generated": reassignment.generated,
    "throttled": reassignment.throttled,
    "cordoned": reassignment.cordoned,
    "quorum": quorum.quorum,
    "epochs": epochs.epochs,
    "truncation": epochs.truncation,
    "not_enough_replicas": epochs.not_enough_replicas,
    "groups": coordinators.groups,
    "transactions": coordinators.transactions,
    "isolated_leader": isolation.isolated_leader,
    "isolated_coordinator": isolation.isolated_coordinator,
    "uncommitted": isolation.uncommitted,
    "isolated_admin": isolation.isolated_admin,
}

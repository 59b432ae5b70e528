"""Every row of the table by which a member comes to its target."""

from __future__ import annotations

import pytest

from mockbroker.core.groups.consumer_member import ConsumerMember, Epochs
from mockbroker.core.groups.consumer_reconcile import Owned, Reconciliation
from mockbroker.core.groups.modern import MemberState
from protocol_specs.errors import KafkaError

A, B = b"a" * 16, b"b" * 16
STABLE, UNREVOKED = MemberState.STABLE, MemberState.UNREVOKED_PARTITIONS
UNRELEASED, UNKNOWN = MemberState.UNRELEASED_PARTITIONS, MemberState.UNKNOWN
TARGET = {A: frozenset({1, 2})}


def member(state: MemberState, epoch: int, assigned: Epochs, pending: Epochs | None = None) -> ConsumerMember:
    return ConsumerMember(
        "m", epoch, epoch - 1, state, subscribed_topic_names=frozenset({"a", "b"}), assigned=assigned
    )._replace(pending_revocation=pending or {})


def step(
    before: ConsumerMember,
    *,
    owned: Owned = None,
    taken: dict[bytes, set[int]] | None = None,
    subscribed: tuple[bytes, ...] = (A, B),
    has_changed: bool = False,
) -> ConsumerMember:
    """One heartbeat towards TARGET, which is of epoch 5."""
    return Reconciliation(
        5,
        TARGET,
        is_subscribed=lambda topic_id: topic_id in subscribed,
        has_subscription=bool(subscribed),
        is_taken=lambda topic_id, index: index in (taken or {}).get(topic_id, ()),
        has_changed=has_changed,
        owned=owned,
    ).of(before)


def told(after: ConsumerMember) -> tuple[MemberState, int, int, Epochs, Epochs]:
    return (
        after.state,
        after.member_epoch,
        after.previous_member_epoch,
        after.assigned,
        after.pending_revocation,
    )


def test_stable_in_the_targets_epoch_stays() -> None:
    before = member(STABLE, 5, {A: {1: 3, 2: 3}})
    assert step(before) is before
    assert step(before, has_changed=True) is before


def test_stable_gets_what_is_free() -> None:
    assert told(step(member(STABLE, 4, {}))) == (STABLE, 5, 4, {A: {1: 5, 2: 5}}, {})
    assert told(step(member(STABLE, 4, {A: {1: 3}}))) == (STABLE, 5, 4, {A: {1: 3, 2: 5}}, {})
    assert told(step(member(STABLE, 4, {A: {1: 3, 2: 4}}))) == (STABLE, 5, 4, {A: {1: 3, 2: 4}}, {})


def test_stable_waits_for_what_others_have() -> None:
    some = step(member(STABLE, 4, {}), taken={A: {2}})
    assert told(some) == (UNRELEASED, 5, 4, {A: {1: 5}}, {})
    none = step(member(STABLE, 4, {A: {1: 3}}), taken={A: {2}})
    assert told(none) == (UNRELEASED, 5, 4, {A: {1: 3}}, {})


@pytest.mark.parametrize("owned", [None, [(A, [0])], [(A, [0, 1]), (B, [0])]])
def test_stable_gives_up_first(owned: Owned) -> None:
    after = step(member(STABLE, 4, {A: {0: 2, 1: 3}, B: {0: 4}}), owned=owned)
    assert told(after) == (UNREVOKED, 4, 4, {A: {1: 3}}, {A: {0: 2}, B: {0: 4}})


def test_what_is_given_up_already_needs_no_waiting() -> None:
    after = step(member(STABLE, 4, {A: {0: 2, 1: 3}}), owned=[(A, [1])])
    assert told(after) == (STABLE, 5, 4, {A: {1: 3, 2: 5}}, {})


def test_stable_loses_what_it_unsubscribed_from() -> None:
    before = member(STABLE, 5, {A: {1: 3, 2: 3}, B: {0: 4}})
    asked = step(before, subscribed=(A,), has_changed=True)
    assert told(asked) == (UNREVOKED, 5, 5, {A: {1: 3, 2: 3}}, {B: {0: 4}})
    given_up = step(before, subscribed=(A,), has_changed=True, owned=[(A, [1])])
    assert told(given_up) == (STABLE, 5, 5, {A: {1: 3, 2: 3}}, {})


def test_unrevoked_stays_while_it_has_or_may_have_what_it_is_to_give_up() -> None:
    before = member(UNREVOKED, 4, {A: {1: 3}}, {B: {0: 4}})
    for owned in (None, [(B, [0])], [(A, [1]), (B, [0, 1])]):
        assert step(before, owned=owned) is before
    more = step(before, has_changed=True, subscribed=(B,))
    assert told(more) == (UNREVOKED, 4, 4, {}, {A: {1: 3}, B: {0: 4}})


def test_unrevoked_goes_on_when_it_has_given_up() -> None:
    before = member(UNREVOKED, 4, {A: {1: 3}}, {A: {2: 3}, B: {0: 4}})
    # What it gave up itself is not taken, though the group counts it so until now.
    after = step(before, owned=[(A, [1])], taken={A: {1, 2}, B: {0}})
    assert told(after) == (STABLE, 5, 4, {A: {1: 3, 2: 5}}, {})
    waits = step(member(UNREVOKED, 4, {A: {1: 3}}, {B: {0: 4}}), owned=[], taken={A: {1, 2}})
    assert told(waits) == (UNRELEASED, 5, 4, {A: {1: 3}}, {})


def test_unreleased_gets_what_has_become_free() -> None:
    before = member(UNRELEASED, 5, {A: {1: 5}})
    assert told(step(before, taken={A: {1, 2}})) == (UNRELEASED, 5, 5, {A: {1: 5}}, {})
    assert told(step(before, taken={A: {1}})) == (STABLE, 5, 5, {A: {1: 5, 2: 5}}, {})


def test_unreleased_goes_to_a_newer_target() -> None:
    before = member(UNRELEASED, 4, {A: {0: 4, 1: 4}})
    assert told(step(before)) == (UNREVOKED, 4, 4, {A: {1: 4}}, {A: {0: 4}})


def test_a_topic_that_is_gone_is_not_assigned() -> None:
    after = step(member(STABLE, 4, {A: {1: 3}}), subscribed=(B,), owned=[])
    assert told(after) == (STABLE, 5, 4, {}, {})


def test_a_state_of_a_later_release() -> None:
    before = member(UNKNOWN, 3, {A: {1: 3}})
    for owned in (None, [(A, [1])]):
        with pytest.raises(KafkaError, match="FENCED_MEMBER_EPOCH"):
            step(before, owned=owned)
    assert told(step(before, owned=[])) == (STABLE, 5, 3, {A: {1: 3, 2: 5}}, {})

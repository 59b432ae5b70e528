"""The states of a classic group, as one table.

    Empty                no members: waits for the first, or only holds offsets
    PreparingRebalance   collects the JoinGroups of the next generation
    CompletingRebalance  the generation is chosen; waits for the leader's assignment
    Stable               everybody has an assignment
    Dead                 the group is being removed, or its coordinator has moved

| from, on            | new member  | rejoin: same | rejoin:   | rejoin:   | all known  | leader's   | last   |
|                     | member lost | metadata     | changed   | leader    | rejoined   | assignment | leaves |
|---------------------|-------------|--------------|-----------|-----------|------------|------------|--------|
| Empty               | Preparing   | refused      | refused   | refused   |            |            |        |
| PreparingRebalance  | parked      | parked       | parked    | parked    | Completing |            | Empty  |
| CompletingRebalance | Preparing   | repeated     | Preparing | repeated  |            | Stable     | Empty  |
| Stable              | Preparing   | repeated     | Preparing | Preparing |            |            | Empty  |

Parked: the answer waits for the end of the rebalance. Repeated: it tells of the present generation.

Source: `ClassicGroupState`, and the switches over it in `GroupMetadataManager`, `ClassicGroup`.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from protocol_specs.errors import ErrorCode

__all__ = ["RULES", "ClassicState", "Rules"]


class ClassicState(Enum):
    """A state, under the name that clients see."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


class Rules(NamedTuple):
    """What a group does in one state. Requests are from a known member of the present generation; NONE means served."""

    #: the states that it is entered from.
    entered_from: frozenset[ClassicState]
    #: JoinGroup of somebody who is no member yet.
    join: ErrorCode
    #: JoinGroup of a member.
    rejoin: ErrorCode
    #: whether a member that rejoins starts a rebalance, or waits in the one that runs: with unchanged metadata ...
    rejoin_rebalances: bool
    #: ... and the leader, who may have seen what others did not. Changed metadata always does.
    leader_rejoin_rebalances: bool
    #: SyncGroup; NONE means the assignment, now or once the leader has sent it.
    sync: ErrorCode
    heartbeat: ErrorCode
    #: OffsetCommit.
    commit: ErrorCode
    #: DeleteGroups.
    delete: ErrorCode


_EMPTY, _PREPARING = ClassicState.EMPTY, ClassicState.PREPARING_REBALANCE
_COMPLETING, _STABLE, _DEAD = ClassicState.COMPLETING_REBALANCE, ClassicState.STABLE, ClassicState.DEAD
_NONE, _UNKNOWN, _GONE = ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.COORDINATOR_NOT_AVAILABLE
_REBALANCING, _NON_EMPTY = ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.NON_EMPTY_GROUP

RULES: dict[ClassicState, Rules] = {
    _EMPTY: Rules(
        entered_from=frozenset({_PREPARING}),
        join=_NONE,
        rejoin=_UNKNOWN,
        rejoin_rebalances=False,
        leader_rejoin_rebalances=False,
        sync=_UNKNOWN,
        heartbeat=_UNKNOWN,
        commit=_NONE,
        delete=_NONE,
    ),
    _PREPARING: Rules(
        entered_from=frozenset({_STABLE, _COMPLETING, _EMPTY}),
        join=_NONE,
        rejoin=_NONE,
        rejoin_rebalances=True,
        leader_rejoin_rebalances=True,
        sync=_REBALANCING,
        heartbeat=_REBALANCING,
        commit=_NONE,
        delete=_NON_EMPTY,
    ),
    _COMPLETING: Rules(
        entered_from=frozenset({_PREPARING}),
        join=_NONE,
        rejoin=_NONE,
        rejoin_rebalances=False,
        leader_rejoin_rebalances=False,
        sync=_NONE,
        heartbeat=_NONE,
        commit=_REBALANCING,
        delete=_NON_EMPTY,
    ),
    _STABLE: Rules(
        entered_from=frozenset({_COMPLETING}),
        join=_NONE,
        rejoin=_NONE,
        rejoin_rebalances=False,
        leader_rejoin_rebalances=True,
        sync=_NONE,
        heartbeat=_NONE,
        commit=_NONE,
        delete=_NON_EMPTY,
    ),
    _DEAD: Rules(
        entered_from=frozenset(ClassicState),
        join=_GONE,
        rejoin=_GONE,
        rejoin_rebalances=False,
        leader_rejoin_rebalances=False,
        sync=_GONE,
        heartbeat=_GONE,
        commit=_GONE,
        delete=ErrorCode.GROUP_ID_NOT_FOUND,
    ),
}

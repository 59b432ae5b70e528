"""The steps by which followers copy from their leader. Each is explicit, so that a test can stop between any two.

Rules kept here (`AbstractFetcherThread`, `Partition.updateFollowerFetchState`, `Partition.maybeShrinkIsr`; KIP-101,
KIP-595, KIP-966):

- A fetch first tells the leader how far the follower is: that may let it into the ISR and move the high watermark.
  Then it brings records, the high watermark and the log start.
- A follower whose log leaves the leader's is truncated to where they part, before it copies.
- The high watermark is the smallest log end of the ISR and of those who are about to join it. It never goes back, and
  stands still while the ISR is smaller than min.insync.replicas.
- A follower leaves the ISR when it has not been caught up for replica.lag.time.max.ms, and joins again with the high
  watermark and the start of the leader's epoch behind it. The controller decides that: a leader that does not reach
  the controller changes nothing.
- Followers copy at once, unless their pace says otherwise or they do not reach the leader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mockbroker.core.nodes import INSTANT, Node, Pace
from mockbroker.core.replica import Follower

if TYPE_CHECKING:
    from mockbroker.core.batches import Batch
    from mockbroker.core.log import Log
    from mockbroker.core.memory import Memory
    from mockbroker.core.replica import Replica
    from mockbroker.core.replicas import Partition
    from mockbroker.core.replication_quotas import ReplicationQuotas
    from mockbroker.core.time import Clock
    from mockbroker.core.topics import Topic
    from mockbroker.core.upkeep import Upkeep
    from mockbroker.core.waiting import Waiting

__all__ = [
    "Surroundings",
    "advance_high_watermark",
    "fetch_from_leader",
    "lead",
    "pace_of",
    "release_later",
    "replicate",
    "sync",
]


#: In seconds: a follower is out of sync when it lags for longer than the limit, not when it has just reached it.
_A_MOMENT = 0.001


class Surroundings:
    """What the partitions of one cluster share.

    Attributes:
        max_lag: replica.lag.time.max.ms, in seconds.
        alter_isr: asks the controller for another ISR (`AlterPartition`).
        quotas: how fast followers that are out of sync may copy.
        new_log: makes the log of a new replica on a broker; answers it and the name of its directory.
        upkeep: is told of logs that may be cleaned.
        memory: what logs may take; None: no limit.
    """

    __slots__ = ("alter_isr", "clock", "max_lag", "memory", "new_log", "nodes", "quotas", "upkeep", "waiting")

    upkeep: Upkeep

    def __init__(
        self,
        clock: Clock,
        waiting: Waiting,
        nodes: dict[int, Node],
        alter_isr: Callable[[Partition, Iterable[int]], None],
        new_log: Callable[[Topic, int, int], tuple[Log, str]],
        max_lag: float,
        quotas: ReplicationQuotas,
    ) -> None:
        self.clock = clock
        self.waiting = waiting
        self.nodes = nodes
        self.alter_isr = alter_isr
        self.new_log = new_log
        self.max_lag = max_lag
        self.quotas = quotas
        self.memory: Memory | None = None


def replicate(partition: Partition, leader: Replica, batch: Batch, previous_end: int) -> None:
    """Let the followers have the batch that was just appended, each at its pace."""
    end = leader.log.end_offset
    all_in_step = True
    for follower in leader.followers:
        if follower.in_step:
            follower.replica.log.append(batch)
            follower.end_offset = end
        else:
            all_in_step = False
    if all_in_step:
        leader.log.high_watermark = end
        for follower in leader.followers:
            follower.replica.log.high_watermark = end
        return
    now = partition.around.clock.now
    for follower in leader.followers:
        if follower.in_step:
            continue
        # A slow follower that missed nothing so far was caught up until this moment.
        if follower.end_offset == previous_end and reaches(partition, leader, follower):
            follower.caught_up_at = now
        pace = pace_of(partition, follower.broker_id)
        if pace.lag_seconds:
            release_later(partition, leader, follower, pace.lag_seconds)
    advance_high_watermark(partition, leader)
    sync(partition)


def reaches(partition: Partition, leader: Replica, follower: Follower) -> bool:
    """Whether the follower gets through to this leader, and both speak of the same epoch."""
    nodes = partition.around.nodes
    ours, theirs = nodes.get(leader.broker_id), nodes.get(follower.broker_id)
    if ours is None or theirs is None or not ours.is_connected or not theirs.is_connected:
        return False
    return follower.replica.state.leader_epoch == leader.state.leader_epoch


def pace_of(partition: Partition, broker_id: int) -> Pace:
    """How the broker copies this partition."""
    pace = partition.paces.get(broker_id)
    if pace is None:
        node = partition.around.nodes.get(broker_id)
        return INSTANT if node is None else node.pace
    return pace


def sync(partition: Partition) -> None:
    """Let every follower fetch as far as it gets now, until nothing moves any more."""
    if partition.is_syncing:
        return
    partition.is_syncing = True
    try:
        while _fetch_round(partition):
            pass
    finally:
        partition.is_syncing = False
    _settle(partition)


def _fetch_round(partition: Partition) -> bool:
    leader = partition.lead
    if leader is None or not leader.is_leader:
        return False
    moved = False
    for follower in list(leader.followers):
        pace = pace_of(partition, follower.broker_id)
        if pace.is_paused:
            continue
        below = leader.log.end_offset - pace.lag_records
        if pace.lag_seconds:
            below = min(below, follower.allowed_end)
        moved |= fetch_from_leader(partition, follower.broker_id, below)
    return moved


def fetch_from_leader(partition: Partition, broker_id: int, below: int | None = None) -> bool:
    """One fetch of the follower on `broker_id`, if it gets through.

    Args:
        below: copy no batch that ends beyond this offset.

    Returns:
        Whether anything moved: its log, a high watermark, the ISR.
    """
    leader = partition.lead
    follower = None if leader is None or not leader.is_leader else leader.follower(broker_id)
    if leader is None or follower is None or not reaches(partition, leader, follower):
        return False
    if _truncate(leader, follower.replica):
        return True
    moved = _note_fetch(partition, leader, follower)
    if below is None:
        below = leader.log.end_offset
    if broker_id not in leader.state.isr:
        below = partition.around.quotas.allowed(partition, leader, follower, below)
    moved |= _copy(leader, follower.replica, below)
    if _joins_isr(partition, leader, follower):
        partition.around.alter_isr(partition, (*leader.state.isr, broker_id))
        moved = True
    return moved


def _truncate(leader: Replica, replica: Replica) -> bool:
    """Cut the follower's log where it leaves the leader's; start it anew if it ends before the leader's begins."""
    ours, theirs = leader.log, replica.log
    if theirs.end_offset < ours.start_offset:
        theirs.truncate_fully(ours.start_offset)
        return True
    last_epoch = theirs.leader_epochs.latest
    if last_epoch < 0:
        cut = ours.end_offset
    else:
        epoch, end = leader.end_offset_for_epoch(last_epoch)
        if epoch == last_epoch and end >= theirs.end_offset:
            return False
        if end < 0:
            cut = replica.high_watermark
        else:
            known_epoch, known_end = replica.end_offset_for_epoch(epoch)
            # An epoch that the follower does not know: cut to where its last older one ends, and fetch again.
            cut = end if known_epoch < 0 else known_end if known_epoch != epoch else min(known_end, end)
    end = theirs.end_offset
    # Without records to drop, this still drops an epoch that the follower began and never wrote in.
    theirs.truncate_to(min(cut, end))
    return theirs.end_offset != end or theirs.leader_epochs.latest != last_epoch


def _note_fetch(partition: Partition, leader: Replica, follower: Follower) -> bool:
    """What the leader learns from a fetch (`Replica.updateFetchStateOrThrow`)."""
    now, end = partition.around.clock.now, follower.replica.log.end_offset
    leader_end = leader.log.end_offset
    if end >= leader_end:
        follower.caught_up_at = now
    elif end >= follower.leader_end_at_fetch >= 0:
        follower.caught_up_at = max(follower.caught_up_at, follower.last_fetch_at)
    follower.last_fetch_at = now
    follower.leader_end_at_fetch = leader_end
    follower.start_offset = follower.replica.log.start_offset
    if follower.end_offset == end:
        return False
    follower.end_offset = end
    advance_high_watermark(partition, leader)
    return True


def _copy(leader: Replica, replica: Replica, below: int) -> bool:
    log, moved = replica.log, False
    if log.end_offset < below:
        for batch in leader.log.batches(log.end_offset, below):
            log.append(batch)
            moved = True
    high_watermark = min(leader.high_watermark, log.end_offset)
    if high_watermark != log.high_watermark:
        log.high_watermark = high_watermark
        moved = True
    start = leader.log.start_offset
    if log.start_offset < start <= high_watermark:
        log.advance_start(start)
        moved = True
    return moved


def _joins_isr(partition: Partition, leader: Replica, follower: Follower) -> bool:
    state, end = leader.state, follower.end_offset
    if follower.broker_id in state.isr or leader.epoch_start is None:
        return False
    node = partition.around.nodes.get(follower.broker_id)
    return node is not None and node.is_active and end >= leader.high_watermark and end >= leader.epoch_start


def advance_high_watermark(partition: Partition, leader: Replica) -> None:
    """Move the high watermark as far as the in-sync replicas allow (`maybeIncrementLeaderHW`)."""
    state = leader.state
    if len(state.isr) < leader.min_isr:
        return
    around = partition.around
    end = committed = leader.log.end_offset
    for follower in leader.followers:
        at = follower.end_offset
        if at >= committed:
            continue
        if follower.broker_id not in state.isr:
            node = around.nodes.get(follower.broker_id)
            is_joining = at == end or around.clock.now - follower.caught_up_at <= around.max_lag
            if node is None or not node.is_active or not is_joining:
                continue
        committed = at
    if committed > leader.high_watermark:
        leader.log.high_watermark = committed
        around.waiting.touch(partition)


def _settle(partition: Partition) -> None:
    """Note which followers are in step, and watch those in the ISR that are not."""
    leader = partition.lead
    if leader is None or not leader.is_leader:
        return
    around = partition.around
    end = leader.log.end_offset
    overdue_at: float | None = None
    for follower in leader.followers:
        in_step = (
            follower.end_offset == end
            and follower.broker_id in leader.state.isr
            and follower.replica.high_watermark == leader.high_watermark
            and pace_of(partition, follower.broker_id) == INSTANT
            and reaches(partition, leader, follower)
        )
        if follower.in_step and not in_step:
            follower.caught_up_at = around.clock.now
        follower.in_step = in_step
        if follower.end_offset != end and follower.broker_id in leader.state.isr:
            due = follower.caught_up_at + around.max_lag + _A_MOMENT
            if due <= around.clock.now:
                # It was let in again just now, or its leader had other troubles: wait for Kafka's next check.
                due = around.clock.now + around.max_lag / 2
            overdue_at = due if overdue_at is None else min(due, overdue_at)
    _watch(partition, overdue_at)


def _watch(partition: Partition, overdue_at: float | None) -> None:
    alarm = partition.lag_alarm
    if alarm is not None and alarm.is_set:
        if alarm.when == overdue_at:
            return
        alarm.cancel()
    partition.lag_alarm = (
        None
        if overdue_at is None
        else partition.around.clock.call_at(overdue_at, lambda: _shrink_isr(partition))
    )


def _shrink_isr(partition: Partition) -> None:
    leader = partition.lead
    if leader is None or not leader.is_leader or partition.is_deleted:
        return
    around = partition.around
    oldest = around.clock.now - around.max_lag
    end = leader.log.end_offset
    out = {
        follower.broker_id
        for follower in leader.followers
        if follower.broker_id in leader.state.isr
        and follower.end_offset != end
        and follower.caught_up_at < oldest
    }
    node = around.nodes.get(leader.broker_id)
    partition.lag_alarm = None
    if node is None or not node.is_connected:
        return
    if out:
        around.alter_isr(partition, set(leader.state.isr) - out)
    else:
        _settle(partition)


def release_later(partition: Partition, leader: Replica, follower: Follower, lag_seconds: float) -> None:
    """Let a follower that lags by time have what the leader has now, but not before `lag_seconds` have passed."""
    end, clock = leader.log.end_offset, partition.around.clock
    since = clock.now

    def release() -> None:
        follower.allowed_end = max(follower.allowed_end, end)
        if follower in leader.followers:
            sync(partition)
            if follower.end_offset >= end:
                follower.caught_up_at = max(follower.caught_up_at, since)
                _settle(partition)

    clock.call_later(lag_seconds, release)


def lead(partition: Partition, replica: Replica, is_new: bool) -> None:
    """Make a replica know that it leads, and whom (`Partition.makeLeader`).

    Args:
        is_new: whether it does so in a new leader epoch.
    """
    state, log = replica.state, replica.log
    if is_new:
        replica.epoch_start = log.end_offset
        log.leader_epochs.assign(state.leader_epoch, log.end_offset)
    if state.replicas == (replica.broker_id,):
        replica.followers = []
        log.high_watermark = log.end_offset
        return
    others = {follower.broker_id: follower for follower in replica.followers}
    replica.followers = [
        others.get(broker_id) or Follower(partition.copies[broker_id])
        for broker_id in state.replicas
        if broker_id != replica.broker_id
    ]
    if is_new:
        now = partition.around.clock.now
        for follower in replica.followers:
            follower.in_step = False
            follower.caught_up_at = now if follower.broker_id in state.isr else 0.0
            lag_seconds = pace_of(partition, follower.broker_id).lag_seconds
            if lag_seconds:
                release_later(partition, replica, follower, lag_seconds)
    advance_high_watermark(partition, replica)

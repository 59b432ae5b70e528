"""DeleteGroups: the state of share groups goes first, then a group with all that belongs to it.

Source: `GroupCoordinatorService.deleteGroups`, `GroupCoordinatorShard.deleteGroups`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mockbroker.core.groups import offsets
from mockbroker.core.groups.shards import Shards, when_all_committed
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.shard import Shard
    from mockbroker.core.groups.share_coordinator import ShareCoordinator
    from mockbroker.core.waiting import Pending

__all__ = ["delete_groups"]

#: Each group, with what became of it.
_Results = list[tuple[str, ErrorCode]]


def delete_groups(
    shards: Shards, shares: ShareCoordinator, broker_id: int, group_ids: Iterable[str]
) -> _Results | Pending:
    """Delete groups that have no members.

    Returns:
        Each group with what became of it, or a Pending that is settled with that.
    """
    from mockbroker.core.groups.share_offsets import answer_of

    names = list(dict.fromkeys(group_ids))

    def start(answer: Callable[[_Results], None]) -> None:
        shares.delete_states(
            broker_id, names, lambda failed: _delete(shards, broker_id, names, failed, answer)
        )

    results: _Results | Pending = answer_of(start)
    return results


def _delete(
    shards: Shards,
    broker_id: int,
    group_ids: Sequence[str],
    failed: Mapping[str, ErrorCode],
    answer: Callable[[_Results], None],
) -> None:
    results: _Results = []
    writes: list[tuple[Shard, int]] = []
    for group_id in group_ids:
        error = failed.get(group_id, ErrorCode.NONE)
        try:
            if not error:
                shard = shards.shard_of(broker_id, group_id)
                group = shard.groups.get(group_id)
                error = ErrorCode.GROUP_ID_NOT_FOUND if group is None else group.delete_error()
                if group is not None and not error:
                    tombstones = offsets.delete_group_offsets(shard, group_id) + group.tombstones()
                    writes.append((shard, shard.write(tombstones)))
        except KafkaError as refusal:
            error = refusal.code
        results.append((group_id, error))
    when_all_committed(writes, lambda error: answer([(group_id, own or error) for group_id, own in results]))

"""Share sessions: which partitions a member of a share group consumes at a broker.

Rules kept here (`SharePartitionManager.newContext`, `.acknowledgeSessionUpdate`, `ShareSession`,
`ShareSessionCache`):

- Epoch 0 begins a session, in the place of the one that the member had; epoch -1 ends it; any other must be the one
  that the session expects next. A request that begins a session cannot acknowledge anything.
- A ShareFetch adds the partitions that it names and takes out those that it forgets. After the first answer a partition
  is named again where it has records or an error, or was added since.
- A broker keeps no more than `group.share.max.share.sessions`. A session ends with the connection that began it; when
  the last session of a group has ended so, nothing of the group is kept any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.config import Settings

__all__ = ["FINAL_EPOCH", "INITIAL_EPOCH", "SessionPartition", "ShareSession", "ShareSessions"]

INITIAL_EPOCH: Final = 0
FINAL_EPOCH: Final = -1

_MAX_INT32: Final = 2**31 - 1


class SessionPartition(NamedTuple):
    """A partition that a member wants. `topic` is the topic's name; None where the id is of no topic."""

    topic_id: bytes
    partition: int
    topic: str | None

    @property
    def key(self) -> tuple[bytes, int]:
        return self.topic_id, self.partition


class ShareSession:
    """A session between two requests.

    Attributes:
        epoch: of the request that comes next.
        partitions: in the order in which they have their turn; the value says whether the answer must name it.
    """

    __slots__ = ("connection_id", "epoch", "group_id", "is_due", "member_id", "partitions")

    def __init__(
        self, group_id: str, member_id: str, connection_id: int, partitions: Iterable[SessionPartition]
    ) -> None:
        self.group_id = group_id
        self.member_id = member_id
        self.connection_id = connection_id
        self.epoch = _next_epoch(INITIAL_EPOCH)
        self.partitions: dict[tuple[bytes, int], SessionPartition] = {one.key: one for one in partitions}
        self.is_due: set[tuple[bytes, int]] = set()

    def update(self, wanted: Iterable[SessionPartition], forgotten: Iterable[tuple[bytes, int]]) -> None:
        """Take in what a ShareFetch names and forgets."""
        for partition in wanted:
            if partition.key not in self.partitions:
                self.partitions[partition.key] = partition
                self.is_due.add(partition.key)
        for key in forgotten:
            self.partitions.pop(key, None)
            self.is_due.discard(key)
        self.epoch = _next_epoch(self.epoch)

    def includes(self, key: tuple[bytes, int], *, has_records: bool, has_error: bool) -> bool:
        """Whether the answer names this partition. One that had records goes behind the others."""
        is_news = has_records or has_error or key in self.is_due
        self.is_due.discard(key)
        if has_error:
            self.is_due.add(key)
        if has_records and key in self.partitions:
            self.partitions[key] = self.partitions.pop(key)
        return is_news


class ShareSessions:
    """The share sessions of one broker.

    Args:
        on_leave: called with the session of a member whose connection has ended.
        on_empty: called with a group whose last session has ended with its connection.
    """

    def __init__(
        self,
        settings: Settings,
        on_leave: Callable[[ShareSession], None],
        on_empty: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._on_leave = on_leave
        self._on_empty = on_empty
        self._sessions: dict[tuple[str, str], ShareSession] = {}
        #: The session that each connection has begun last, also when it has ended since.
        self._by_connection: dict[int, ShareSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, group_id: str, member_id: str) -> ShareSession:
        """
        Raises:
            KafkaError: SHARE_SESSION_NOT_FOUND.
        """
        session = self._sessions.get((group_id, member_id))
        if session is None:
            raise KafkaError(ErrorCode.SHARE_SESSION_NOT_FOUND)
        return session

    def begin(
        self, group_id: str, member_id: str, connection_id: int, partitions: Sequence[SessionPartition]
    ) -> ShareSession:
        """Begin a session, in the place of the one that the member had.

        Raises:
            KafkaError: SHARE_SESSION_LIMIT_REACHED; UNKNOWN_SERVER_ERROR where a partition is named twice.
        """
        self.remove(group_id, member_id)
        session = ShareSession(group_id, member_id, connection_id, partitions)
        if len(session.partitions) < len(partitions):
            raise KafkaError(ErrorCode.UNKNOWN_SERVER_ERROR)
        if len(self._sessions) >= self._settings["group.share.max.share.sessions"]:
            raise KafkaError(ErrorCode.SHARE_SESSION_LIMIT_REACHED)
        self._sessions[group_id, member_id] = self._by_connection[connection_id] = session
        return session

    def continue_at(self, group_id: str, member_id: str, epoch: int) -> ShareSession:
        """The session of a member, if it expects this epoch.

        Raises:
            KafkaError: SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH.
        """
        session = self.get(group_id, member_id)
        if session.epoch != epoch:
            raise KafkaError(ErrorCode.INVALID_SHARE_SESSION_EPOCH)
        return session

    def acknowledge(self, group_id: str, member_id: str, epoch: int) -> None:
        """Take in that a ShareAcknowledge has come.

        Raises:
            KafkaError: SHARE_SESSION_NOT_FOUND, INVALID_SHARE_SESSION_EPOCH.
        """
        if epoch == INITIAL_EPOCH:
            raise KafkaError(ErrorCode.INVALID_SHARE_SESSION_EPOCH)
        if epoch == FINAL_EPOCH:
            self.get(group_id, member_id)
        else:
            session = self.continue_at(group_id, member_id, epoch)
            session.epoch = _next_epoch(session.epoch)

    def remove(self, group_id: str, member_id: str) -> ShareSession | None:
        """End a session; it, if there was one."""
        return self._sessions.pop((group_id, member_id), None)

    def disconnected(self, connection_id: int) -> None:
        """A connection has ended."""
        session = self._by_connection.pop(connection_id, None)
        if session is None:
            return
        if self._sessions.get((session.group_id, session.member_id)) is session:
            self._on_leave(session)
            self.remove(session.group_id, session.member_id)
        if all(group_id != session.group_id for group_id, _ in self._sessions):
            self._on_empty(session.group_id)


def _next_epoch(epoch: int) -> int:
    """Source: `ShareRequestMetadata.nextEpoch`."""
    if epoch < 0:
        return FINAL_EPOCH
    return 1 if epoch == _MAX_INT32 else epoch + 1

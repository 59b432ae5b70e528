"""Transactions that take too long, and transactional ids that nobody uses.

Rules kept here (`TransactionStateManager.timedOutTransactions`, `.removeExpiredTransactionalIds`):

- Every transaction.abort.timed.out.transaction.cleanup.interval.ms each coordinator aborts the transactions that have
  been open for longer than their own timeout. It raises their epoch, which fences their producers.
- Every transaction.remove.expired.transaction.cleanup.interval.ms it forgets the ids that are at rest and have not been
  used for transactional.id.expiration.ms; a tombstone says so in the log.
- Checks come at multiples of their interval since the start; those that could find nothing are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from mockbroker.core.transactions.log_records import tombstone_of
from mockbroker.core.transactions.state_log import Shard, StateLog
from mockbroker.core.transactions.states import EXPIRING_STATES, TransactionState
from protocol_specs.errors import ErrorCode

if TYPE_CHECKING:
    from mockbroker.config import Settings
    from mockbroker.core.time import Alarm, Clock
    from mockbroker.core.transactions.metadata import Transaction, TransactionMetadata

__all__ = ["Timeouts"]

#: A transaction with this timeout has none: it belongs to a distributed transaction (KIP-939).
_NEVER_MS: Final = 2**31 - 1
_ABORT_INTERVAL: Final = "transaction.abort.timed.out.transaction.cleanup.interval.ms"
_EXPIRY_INTERVAL: Final = "transaction.remove.expired.transaction.cleanup.interval.ms"
_EXPIRATION: Final = "transactional.id.expiration.ms"
#: Tombstones go into batches of so many records.
_TOMBSTONES: Final = 500


class _Check:
    """A check that is due at multiples of an interval, but comes only when there may be something to do."""

    __slots__ = ("_alarm", "_clock", "_interval", "_run", "_start_ms")

    def __init__(self, clock: Clock, interval: Callable[[], int], run: Callable[[], None]) -> None:
        self._clock = clock
        self._interval = interval
        self._run = run
        self._start_ms = round(clock.now * 1000)
        self._alarm: Alarm | None = None

    def due_after(self, when_ms: int) -> None:
        """See that it comes at the first multiple of its interval that is not before `when_ms`, nor now."""
        interval = self._interval()
        passed_ms = max(when_ms, round(self._clock.now * 1000) + 1) - self._start_ms
        when = (self._start_ms + -(-passed_ms // interval) * interval) / 1000
        if self._alarm is not None and self._alarm.is_set:
            if self._alarm.when <= when:
                return
            self._alarm.cancel()
        self._alarm = self._clock.call_at(when, self._run)


class Timeouts:
    """Aborts and forgets, for all coordinators.

    Args:
        abort: aborts an ongoing transaction.
    """

    def __init__(
        self, clock: Clock, settings: Settings, log: StateLog, abort: Callable[[Shard, Transaction], None]
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._log = log
        self._abort = abort
        self._abort_check = _Check(clock, lambda: settings[_ABORT_INTERVAL], self._abort_timed_out)
        self._expiry_check = _Check(clock, lambda: settings[_EXPIRY_INTERVAL], self._remove_expired)

    def watch(self, metadata: TransactionMetadata) -> None:
        """Take note of a version that has come to count."""
        if metadata.state is TransactionState.ONGOING:
            if metadata.timeout_ms != _NEVER_MS:
                self._abort_check.due_after(metadata.start_ms + metadata.timeout_ms + 1)
        elif metadata.state in EXPIRING_STATES:
            self._expiry_check.due_after(metadata.updated_ms + self._settings[_EXPIRATION])

    def _abort_timed_out(self) -> None:
        now_ms = self._clock.now_ms
        for shard in list(self._log.shards()):
            for transaction in list(shard.transactions.values()):
                metadata = transaction.metadata
                if metadata.state is not TransactionState.ONGOING or metadata.timeout_ms == _NEVER_MS:
                    continue
                is_late = metadata.start_ms + metadata.timeout_ms < now_ms
                if is_late and transaction.pending is None:
                    self._abort(shard, transaction)
                if transaction.metadata.state is TransactionState.ONGOING:
                    self.watch(metadata)

    def _remove_expired(self) -> None:
        now_ms = self._clock.now_ms
        for shard in list(self._log.shards()):
            before_ms = now_ms - self._settings.for_broker(shard.node_id)[_EXPIRATION]
            expired = []
            for transaction in shard.transactions.values():
                metadata = transaction.metadata
                if metadata.state not in EXPIRING_STATES:
                    continue
                if transaction.pending is None and metadata.updated_ms <= before_ms:
                    expired.append(transaction)
                else:
                    self.watch(metadata)
            for at in range(0, len(expired), _TOMBSTONES):
                self._forget(shard, expired[at : at + _TOMBSTONES])

    def _forget(self, shard: Shard, transactions: list[Transaction]) -> None:
        for transaction in transactions:
            transaction.pending = TransactionState.DEAD

        def done(code: ErrorCode) -> None:
            for transaction in transactions:
                if code:
                    transaction.pending = None
                    self.watch(transaction.metadata)
                else:
                    del shard.transactions[transaction.metadata.transactional_id]

        now_ms = self._clock.now_ms
        records = [tombstone_of(one.metadata.transactional_id, now_ms) for one in transactions]
        timeout_ms: int = self._settings["request.timeout.ms"]
        self._log.append(shard, records, timeout_ms / 1000, done)

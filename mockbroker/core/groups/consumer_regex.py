"""The regular expressions that members of consumer groups subscribe to.

Rules kept here:

- An expression is checked when the first member comes with it, and resolved behind the answer to that heartbeat: at
  once, but not within it. The group epoch rises when its topics are known.
- All expressions of a group are resolved together: when one is new, when topics were created, and at the latest after
  `group.consumer.regex.refresh.interval.ms`; but only when a member's heartbeat asks for it, and no sooner than ten
  seconds after the last time.
- A topic that the member's client may not see does not match.
- What nobody subscribes to any more is forgotten.

Source: `GroupMetadataManager.maybeUpdateRegularExpressions`, `.handleRegularExpressionsResult`; `TopicRegexResolver`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Final

from mockbroker.core.groups import consumer_records as records
from mockbroker.core.groups.consumer import ConsumerGroup
from mockbroker.core.groups.modern import count_subscriptions
from mockbroker.core.groups.resolved_regex import ResolvedRegex
from mockbroker.core.re2 import Re2Error, compile_re2
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.core.groups.consumer_change import ConsumerChange
    from mockbroker.core.groups.records import LogRecord
    from mockbroker.core.groups.shard_tables import ShardTables

__all__ = ["ConsumerRegexes", "RegexChange"]

_MIN_REFRESH_MS: Final = 10_000
_NOTHING: Final = ResolvedRegex(frozenset(), 0, 0)


class RegexChange(Enum):
    """What became of a member's regular expression."""

    NONE = "none"
    UNRESOLVED = "a new one, not resolved yet"
    RESOLVED = "a new one, whose topics are known"


class ConsumerRegexes:
    """The regular expressions of one shard's groups.

    Attributes:
        newest_topic_version: the cluster's version when a topic was created last, or when the shard was loaded.
    """

    __slots__ = ("_resolving", "_shard", "newest_topic_version")

    def __init__(self, shard: ShardTables) -> None:
        self._shard = shard
        #: groups whose expressions are about to be resolved.
        self._resolving: set[str] = set()
        self.newest_topic_version = shard.around.cluster.version

    def update(self, change: ConsumerChange, allows: Callable[[str], bool] | None) -> RegexChange:
        """Take over a member's expression, and have all of the group resolved where it is time.

        Raises:
            KafkaError: INVALID_REGULAR_EXPRESSION.
        """
        group = change.group
        former, regex = change.member.subscribed_topic_regex, change.updated.subscribed_topic_regex
        result = RegexChange.NONE
        is_new = False
        if former != regex:
            result = self._replace(change, former, regex)
            is_new = bool(regex) and not group.regexes[regex]
            if is_new:
                check_regex(regex)
        if not is_new and not group.regexes:
            return result
        regexes = Counter(group.regexes)
        regexes[former] -= 1
        regexes[regex] += 1
        subscribed = [name for name, count in regexes.items() if name and count > 0]
        if subscribed and self._is_due(group, len(subscribed), is_new):
            self._resolve_later(group.group_id, subscribed, allows)
        return result

    def _replace(self, change: ConsumerChange, former: str, regex: str) -> RegexChange:
        group = change.group
        if former and group.regexes[former] == 1:
            change.log_records.append(records.regex_tombstone(group.group_id, former))
        is_known = regex in group.resolved and group.regexes[regex] > 0 if regex else bool(former)
        return RegexChange.RESOLVED if is_known else RegexChange.UNRESOLVED

    def _is_due(self, group: ConsumerGroup, subscribed: int, is_new: bool) -> bool:
        if group.group_id in self._resolving:
            return False
        last = next(iter(group.resolved.values()), None)
        if last is None:
            return True
        around = self._shard.around
        elapsed_ms = around.clock.now_ms - last.timestamp_ms
        if elapsed_ms <= _MIN_REFRESH_MS:
            return False
        return (
            is_new
            or subscribed != len(group.resolved)
            or last.version < self.newest_topic_version
            or elapsed_ms > around.limits.regex_refresh_interval_ms
        )

    # Resolving.

    def _resolve_later(
        self, group_id: str, regexes: Iterable[str], allows: Callable[[str], bool] | None
    ) -> None:
        def resolve() -> None:
            self._resolving.discard(group_id)
            if self._shard.is_loaded:
                # If it cannot be written, a later heartbeat asks for it again.
                with suppress(KafkaError):
                    self._resolve(group_id, regexes, allows)

        self._resolving.add(group_id)
        self._shard.around.clock.call_later(0.0, resolve)

    def _resolve(self, group_id: str, regexes: Iterable[str], allows: Callable[[str], bool] | None) -> None:
        group = self._shard.groups.get(group_id)
        if not isinstance(group, ConsumerGroup):
            return
        around = self._shard.around
        log_records: list[LogRecord] = []
        subscriptions = dict(group.subscriptions)
        rises = False
        for regex in regexes:
            if not group.regexes[regex]:
                continue
            former = group.resolved.get(regex, _NOTHING)
            topics = self._matching(regex, allows)
            if topics != former.topics:
                rises = True
                count_subscriptions(subscriptions, former.topics, by_regex=-1)
                count_subscriptions(subscriptions, topics, by_regex=1)
            resolved = ResolvedRegex(topics, around.cluster.version, around.clock.now_ms)
            log_records.append(records.regex(group_id, regex, resolved))
        metadata_hash = around.topic_hashes.of(subscriptions)
        if rises or metadata_hash != group.metadata_hash:
            log_records.append(records.group_epoch(group_id, group.group_epoch + 1, metadata_hash))
        if log_records:
            self._shard.write(log_records)

    def _matching(self, regex: str, allows: Callable[[str], bool] | None) -> frozenset[str]:
        pattern = compile_re2(regex)
        return frozenset(
            name
            for name in self._shard.around.cluster.topics
            if pattern.fullmatch(name) and (allows is None or allows(name))
        )


def check_regex(regex: str) -> None:
    """Refuse what RE2 refuses.

    Raises:
        KafkaError: INVALID_REGULAR_EXPRESSION.
    """
    try:
        compile_re2(regex)
    except Re2Error as error:
        text = f"SubscribedTopicRegex `{regex}` is not a valid regular expression: {error.description}."
        raise KafkaError(ErrorCode.INVALID_REGULAR_EXPRESSION, text) from None

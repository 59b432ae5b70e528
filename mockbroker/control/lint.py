"""What clients did that will hurt in production, found in the journal.

Each rule is a function that looks at what one client did (`Deeds`), and tells what is wrong, why, and which setting to
change. Rules do not guess: each finding names the requests that show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mockbroker.control import lint_consumers, lint_producers, lint_requests
from mockbroker.control.exchange import Exchange
from mockbroker.control.lint_deeds import Deeds, Suspicion
from mockbroker.control.problems import BadField

__all__ = ["RULES", "Finding", "Rule", "lint", "rule_names"]

_SHOWN = 3


class Rule(NamedTuple):
    """A rule.

    Attributes:
        reason: why it matters.
        setting: what to change.
        look: finds it in what one client did.
    """

    reason: str
    setting: str
    look: Callable[[Deeds], Iterator[Suspicion]]


class Finding(NamedTuple):
    """Something that a client did, and better did not.

    Attributes:
        rule: the rule's name.
        client_id: whose; None where it gave no client id.
        what: what it did.
        reason: why that will hurt.
        setting: what to change.
        evidence: the exchanges that show it, some of them.
    """

    rule: str
    client_id: str | None
    what: str
    reason: str
    setting: str
    evidence: list[Exchange]

    def __str__(self) -> str:
        shown = [f"    {exchange}" for exchange in self.evidence[:_SHOWN]]
        more = len(self.evidence) - _SHOWN
        if more > 0:
            shown.append(f"    ... and {more} more")
        head = f"{self.rule}: client {self.client_id!r} {self.what}"
        return "\n".join([head, f"  why: {self.reason}", f"  change: {self.setting}", *shown])

    def __repr__(self) -> str:
        return str(self)


#: By name.
RULES: dict[str, Rule] = {
    "acks_0": Rule(
        "A record is lost without a trace when the broker refuses it, or dies.",
        "acks=all",
        lint_producers.acks_0,
    ),
    "acks_1": Rule(
        "A record that only the leader has is lost when the leader dies before it is copied.",
        "acks=all, with min.insync.replicas=2 at the topic",
        lint_producers.acks_1,
    ),
    "no_idempotence": Rule(
        "A retry after a lost answer writes the records twice, and may reorder them.",
        "enable.idempotence=true",
        lint_producers.no_idempotence,
    ),
    "tiny_batches": Rule(
        "Each request costs as much as a thousand records; brokers run out of request threads.",
        "linger.ms, batch.size; do not flush after each record",
        lint_producers.tiny_batches,
    ),
    "no_key_on_compacted": Rule(
        "Compaction keeps the last record of each key; brokers refuse records without one.",
        "give each record of the topic a key, or cleanup.policy=delete",
        lint_producers.no_key_on_compacted,
    ),
    "open_transaction": Rule(
        "Consumers with read_committed stop at an open transaction until it times out.",
        "commit or abort in every code path; transaction.timeout.ms",
        lint_producers.open_transaction,
    ),
    "commit_per_record": Rule(
        "A commit is a write to a replicated log; one for each record is slower than the records themselves.",
        "commit once for each batch that was polled; auto.commit.interval.ms",
        lint_consumers.commit_per_record,
    ),
    "commit_past_fetched": Rule(
        "Records that were never read count as done: they are lost to the group.",
        "commit the offset after the last record that was processed, no further",
        lint_consumers.commit_past_fetched,
    ),
    "never_leaves": Rule(
        "The group waits for the session timeout before others get its partitions.",
        "close the consumer at the end, also after an error",
        lint_consumers.never_leaves,
    ),
    "tiny_fetches": Rule(
        "A batch larger than the limit comes alone; everything else comes a few records at a time.",
        "fetch.max.bytes and max.partition.fetch.bytes (default 50 MB and 1 MB)",
        lint_consumers.tiny_fetches,
    ),
    "busy_polling": Rule(
        "The broker answers empty fetches all the time, for each idle consumer.",
        "fetch.max.wait.ms (default 500)",
        lint_consumers.busy_polling,
    ),
    "old_versions": Rule(
        "Kafka 4.0 and later close the connection on versions of before Kafka 2.1 (KIP-896).",
        "a newer client; with librdkafka no broker.version.fallback, with kafka-python no api_version",
        lint_requests.old_versions,
    ),
    "metadata_storm": Rule(
        "Metadata of a large cluster is megabytes; a storm of it takes a broker down.",
        "keep clients for long; metadata.max.age.ms; wait before asking again",
        lint_requests.metadata_storm,
    ),
    "retry_storm": Rule(
        "Retries without a pause keep a broker in trouble where it is.",
        "retry.backoff.ms, retry.backoff.max.ms",
        lint_requests.retry_storm,
    ),
    "short_lived_clients": Rule(
        "Each new client costs connections, TLS and metadata, for a handful of requests.",
        "one producer or consumer for the life of the process",
        lint_requests.short_lived_clients,
    ),
    "auto_created_topics": Rule(
        "A topic that comes into being by its use has the brokers' defaults, and typos become topics.",
        "create topics on purpose; allow.auto.create.topics=false, auto.create.topics.enable=false",
        lint_requests.auto_created_topics,
    ),
}


def rule_names(names: Iterable[str] | None, field: str = "rules") -> list[str]:
    """The rules that are meant; None and "all" mean all of them.

    Raises:
        BadField: there is no such rule.
    """
    if names is None:
        return list(RULES)
    chosen = []
    for name in names:
        if name == "all":
            return list(RULES)
        if name not in RULES:
            raise BadField(field, f"there is no rule {name!r}", RULES)
        chosen.append(name)
    return chosen


def lint(
    exchanges: Sequence[Exchange],
    *,
    rules: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    is_connected: Callable[[int], bool] = lambda connection: True,
) -> list[Finding]:
    """Look at what clients did.

    Args:
        rules: names of the rules; None: all.
        ignore: names of rules that do not count.
        is_connected: whether a connection, by its number, is still open.

    Raises:
        BadField: there is no such rule.
    """
    left_out = set(rule_names(ignore, "ignore"))
    chosen = [name for name in rule_names(rules) if name not in left_out]
    by_client: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        by_client.setdefault(exchange.client_id, []).append(exchange)
    return [
        Finding(name, client_id, what, RULES[name].reason, RULES[name].setting, evidence)
        for client_id, own in by_client.items()
        for deeds in [Deeds(own, exchanges, is_connected)]
        for name in chosen
        for what, evidence in RULES[name].look(deeds)
    ]


def as_table() -> str:
    """All rules as a table of docs/journal.md."""
    rows = ["| rule | why it matters | what to change |", "|---|---|---|"]
    rows += [f"| `{name}` | {rule.reason} | {rule.setting} |" for name, rule in RULES.items()]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(as_table(), end="")

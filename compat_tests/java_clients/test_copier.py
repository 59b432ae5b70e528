"""Kafka's own TransactionalMessageCopier, from its system tests, with aborts by chance."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from compat_tests.kafka_cli.cli import Cli

NUMBERS = [str(number) for number in range(120)]


def read(cli: Cli, topic: str, isolation: str) -> Sequence[str]:
    """The values that a reader of that isolation level gets until nothing more comes."""
    ran = cli(
        f"kafka-console-consumer -B --topic {topic} --from-beginning --isolation-level {isolation}"
        " --timeout-ms 1500"
    )
    assert ran.exit == 0
    return ran.stdout


@pytest.mark.shows("transactions: TransactionalMessageCopier, random aborts, exactly once")
@pytest.mark.parametrize("mode", [pytest.param("assigned", marks=pytest.mark.full), "member of a group"])
def test_random_aborts(cli: Cli, mode: str) -> None:
    name = mode.split()[0]
    source, target = f"{name}-in", f"{name}-out"
    for topic in (source, target):
        cli(f"kafka-topics -B --create --topic {topic} --partitions 1").prints(f"Created topic {topic}.")
    cli(f"kafka-console-producer -B --topic {source}", stdin="\n".join(NUMBERS) + "\n").prints("")
    copy = (
        f"transactional-message-copier --broker-list {cli.broker.bootstrap_servers} --input-partition 0"
        f" --input-topic {source} --output-topic {target} --transaction-size 5 --enable-random-aborts"
        f" --transactional-id {name} --consumer-group {name} --max-messages {len(NUMBERS) // 2}"
    )
    if mode != "assigned":
        copy += " --group-mode --use-group-metadata"
    for _ in ("the first half", "from where the first left off"):
        ran = cli(copy)
        assert ran.exit == 0, ran
        assert json.loads(ran.stdout[-1])["remaining"] == 0, ran
    assert read(cli, target, "read_committed") == NUMBERS
    assert set(read(cli, target, "read_uncommitted")) == set(NUMBERS)

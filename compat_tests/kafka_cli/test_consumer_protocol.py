"""The consumer protocol (KIP-848) through the command line tools."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli
from compat_tests.kafka_cli.test_consumer_groups import topic_of_three, wait_for_members

pytestmark = [
    pytest.mark.shows("the consumer protocol"),
    pytest.mark.cluster(
        properties=(
            "group.consumer.heartbeat.interval.ms=200",
            "group.consumer.min.heartbeat.interval.ms=200",
            "group.consumer.assignment.interval.ms=0",
        )
    ),
]

GROUPS = "kafka-consumer-groups -B"
CONSUMER = "kafka-console-consumer -B --command-property group.protocol=consumer --from-beginning"


def test_console_consumers_share_a_topic(cli: Cli) -> None:
    topic_of_three(cli, "kip848")
    options = "--topic kip848 --group kip848_app --timeout-ms 20000"
    consumers = [cli.start(f"{CONSUMER} {options} --command-property client.id=c{n}") for n in range(2)]
    wait_for_members(cli, "kip848_app", 2, consumers)
    assert "kip848_app Consumer" in cli(f"{GROUPS} --list --type").stdout
    assert "kip848_app Stable" in cli(f"{GROUPS} --list --state").stdout
    members = cli(f"{GROUPS} --describe --group kip848_app --members --verbose").stdout[1:]
    assert sorted(int(line.split()[4]) for line in members) == [1, 2]
    state = cli(f"{GROUPS} --describe --group kip848_app --state --verbose").stdout[-1].split()
    assert (state[0], state[3:5], state[-1]) == ("kip848_app", ["uniform", "Stable"], "2")


def test_what_is_read_is_committed(cli: Cli) -> None:
    topic_of_three(cli, "committed")
    options = "--topic committed --group committed_app --max-messages 20 --timeout-ms 20000"
    assert len(cli(f"{CONSUMER} {options}").stdout) == 20
    described = cli(f"{GROUPS} --describe --group committed_app")
    assert sorted(line.split()[2:6] for line in described.stdout[1:]) == [
        ["0", "4", "4", "0"],
        ["1", "8", "8", "0"],
        ["2", "8", "8", "0"],
    ]
    cli(f"{GROUPS} --delete --group committed_app").prints(
        "Deletion of requested consumer groups ('committed_app') was successful."
    )


def test_a_regular_expression(cli: Cli) -> None:
    topic_of_three(cli, "by-regex")
    read = cli(f"{CONSUMER} --include by-re.* --group regex_app --max-messages 20 --timeout-ms 20000")
    assert len(read.stdout) == 20

"""kafka-producer-perf-test, kafka-consumer-perf-test and kafka-e2e-latency."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli


@pytest.mark.shows("kafka-producer-perf-test")
def test_the_producer_sends_all_it_was_asked_for(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic perf --partitions 2").prints("Created topic perf.")
    cli(
        "kafka-producer-perf-test -B --topic perf --num-records 1000 --record-size 100 --throughput -1"
    ).prints(
        "1000 records sent, <number> records/sec (<number> MB/sec), <number> ms avg latency, "
        "<number> ms max latency, <n> ms 50th, <n> ms 95th, <n> ms 99th, <n> ms 99.9th."
    )
    offsets = [int(line.split(":")[2]) for line in cli("kafka-get-offsets -B --topic perf").stdout]
    assert sum(offsets) == 1000


@pytest.mark.shows("kafka-consumer-perf-test")
def test_the_consumer_reads_all_there_is(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic perf-read").prints("Created topic perf-read.")
    produced = cli(
        "kafka-producer-perf-test -B --topic perf-read --num-records 1000 --record-size 100 --throughput -1"
    )
    assert produced.exit == 0
    cli("kafka-consumer-perf-test -B --topic perf-read --num-records 1000 --timeout 10000").prints("""
        start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, \
            fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
        <time>, <time>, 0.0954, <number>, 1000, <number>, <n>, <n>, <number>, <number>
    """)


@pytest.mark.shows("kafka-e2e-latency")
def test_end_to_end_latency_is_measured(cli: Cli) -> None:
    cli("kafka-topics -B --create --topic latency").prints("Created topic latency.")
    cli(
        "kafka-e2e-latency -B --topic latency --num-records 20 --producer-acks all --record-size 64"
    ).prints("""
        0 <number>
        Avg latency: <number> ms
        Percentiles: 50th = <n>, 99th = <n>, 99.9th = <n>
    """)

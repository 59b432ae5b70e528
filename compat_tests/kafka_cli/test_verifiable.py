"""kafka-verifiable-producer and kafka-verifiable-consumer, each in a process of its own."""

from __future__ import annotations

import pytest

from compat_tests.kafka_cli.cli import Cli


@pytest.fixture
def topic(cli: Cli, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.replace("_", "-")
    cli(f"kafka-topics -B --create --topic {name} --partitions 2").prints(f"Created topic {name}.")
    return name


@pytest.mark.shows("kafka-verifiable-producer")
def test_each_send_is_confirmed(cli: Cli, topic: str) -> None:
    producer = cli.start(f"kafka-verifiable-producer -B --topic {topic} --max-messages 3 --acks -1")
    ran = cli.ended(producer, producer.exit_code(within=30))
    partition = ran.stdout[1].split('"partition":')[1].rstrip("}")
    sent = "\n".join(
        f'{{"timestamp":<ts>,"name":"producer_send_success","key":null,"value":"{n}","offset":{n},'
        f'"topic":"{topic}","partition":{partition}}}'
        for n in range(3)
    )
    ran.prints(f"""
        {{"timestamp":<ts>,"name":"startup_complete"}}
        {sent}
        {{"timestamp":<ts>,"name":"shutdown_complete"}}
        {{"timestamp":<ts>,"name":"tool_data","sent":3,"acked":3,"target_throughput":-1,"avg_throughput":<number>}}
    """)


@pytest.mark.shows("kafka-verifiable-consumer")
def test_the_consumer_reports_assignment_records_and_commits(cli: Cli, topic: str) -> None:
    keyed = "".join(f"k{n}:m{n}\n" for n in range(10))
    cli(
        f"kafka-console-producer -B --topic {topic}"
        " --reader-property parse.key=true --reader-property key.separator=:",
        stdin=keyed,
    ).prints("")
    consumer = cli.start(
        f"kafka-verifiable-consumer -B --topic {topic} --group-id vc --max-messages 10 --reset-policy earliest"
    )
    ran = cli.ended(consumer, consumer.exit_code(within=30))
    both = f'[{{"topic":"{topic}","partition":0}},{{"topic":"{topic}","partition":1}}]'
    ran.prints(f"""
        {{"timestamp":<ts>,"name":"startup_complete"}}
        {{"timestamp":<ts>,"name":"partitions_assigned","partitions":{both}}}
        {{"timestamp":<ts>,"name":"records_consumed","count":10,"partitions":[<any>]}}
        {{"timestamp":<ts>,"name":"offsets_committed","offsets":[<any>],"success":true}}
        {{"timestamp":<ts>,"name":"partitions_revoked","partitions":{both}}}
        {{"timestamp":<ts>,"name":"shutdown_complete"}}
        {{"timestamp":<ts>,"name":"shutdown_requested"}}
    """)

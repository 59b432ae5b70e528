"""`python -m protocol_specs show`. That it is the same as Kafka's in every version is shown in compat_tests/codec."""

from __future__ import annotations

import pytest

from protocol_specs.__main__ import main

ELECT_LEADERS = """\
ElectLeaders Request (Version: 2) => { election_type ?(topic_partitions) timeout_ms }
  election_type => INT8
  topic_partitions => { topic (partitions) }
    topic => COMPACT_STRING
    partitions => INT32
  timeout_ms => INT32

ElectLeaders Response (Version: 2) => { throttle_time_ms error_code (replica_election_results) }
  throttle_time_ms => INT32
  error_code => INT16
  replica_election_results => { topic (partition_result) }
    topic => COMPACT_STRING
    partition_result => { partition_id error_code error_message }
      partition_id => INT32
      error_code => INT16
      error_message => COMPACT_NULLABLE_STRING
"""


@pytest.mark.parametrize("name", ["ElectLeaders", "electleaders", "43"])
def test_request_and_response_are_shown(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["show", name, "2"]) == 0
    assert capsys.readouterr().out == ELECT_LEADERS


def test_plain_arrays_tags_and_nullable_structs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", "Produce", "8"])
    assert "(Version: 8) => { transactional_id acks timeout_ms [topic_data] }" in capsys.readouterr().out
    main(["show", "Produce", "10"])
    out = capsys.readouterr().out
    assert "(Version: 10) => { (responses) throttle_time_ms node_endpoints<tag: 0> }" in out
    assert "      current_leader<tag: 0> => { leader_id leader_epoch }\n        leader_id => INT32\n" in out
    main(["show", "StreamsGroupHeartbeat", "0"])
    assert "  topology => ?{ epoch (subtopologies) }\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["Consume", "1"], "no API is named 'Consume'"),
        (["4", "1"], "no API has the key 4"),
        (["Produce", "14"], "ProduceRequest has versions 0-13, not 14"),
    ],
)
def test_what_there_is_not(capsys: pytest.CaptureFixture[str], arguments: list[str], error: str) -> None:
    assert main(["show", *arguments]) == 2
    assert error in capsys.readouterr().err


def test_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["show", "Produce"], ["show", "Produce", "x"], ["check"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2

"""The share coordinator (KIP-932): where it is, and the state that it keeps of share partitions."""

from __future__ import annotations

from compat_tests.differential.runner import Run, versions
from compat_tests.differential.shares import NO_TOPIC, State, await_share_coordinator
from protocol_specs.notation import uuid_text


def find_share_coordinator(run: Run) -> None:
    await_share_coordinator(run)
    text = uuid_text(NO_TOPIC)
    keys = [
        f"g:{text}:0",
        f"a:b:{text}:1",
        f"g:{text}:-1",
        f"g:{text}:0:",
        f"g:{text}:+1",
        "",
        ":",
        "g",
        f"{text}:0",
        f":{text}:0",
        f"  :{text}:0",
        f"g:{text}:x",
        f"g:{text}x:0",
        f"g:{text}==:0",
        "g:AAAA:0",
        f"g:{text}:2147483648",
    ]
    run.ask("many keys", "FindCoordinator", 6, key_type=2, coordinator_keys=keys)
    for version in range(4, 6):
        run.ask("too old", "FindCoordinator", version, key_type=2, coordinator_keys=keys[:1])
    run.ask("too old", "FindCoordinator", 3, key_type=2, key=keys[0])


def share_state(run: Run) -> None:
    topic_id = run.create("sst", 2)
    await_share_coordinator(run)
    state = State(run, "ss1", topic_id)
    state.read("not initialized")
    state.write("not initialized", (0, 1, 1, 0))
    state.delete("not initialized")
    state.initialize("first", 3)
    state.read("initialized")
    state.write("first", (0, 9, 1, 0), start_offset=0, state_epoch=3)
    state.write("an older version", (2, 3, 2, 2), version=0, start_offset=0)
    state.write("over others", (1, 4, 1, 2), (5, 5, 1, 4), (6, 6, 1, 4), delivery_complete_count=7)
    state.write("start moves", (20, 29, 3, 4), start_offset=3)
    state.write("an old state epoch", state_epoch=2)
    state.write("a new state epoch", state_epoch=9)
    state.read("with a leader epoch", 5)
    state.read("with an older leader epoch", 4)
    state.write("an old leader epoch", leader_epoch=4)
    state.write("a new leader epoch", leader_epoch=8)
    state.read("with that leader epoch", 8)
    state.initialize("an old epoch", 2)
    state.initialize("anew", 4, 17)
    state.read("anew")
    state.delete("there")
    state.delete("twice")
    state.read("deleted")


def share_state_of_what_is_not_there(run: Run) -> None:
    topic_id = run.create("ssn", 2)
    await_share_coordinator(run)
    for label, state in (
        ("unknown topic", State(run, "sn", NO_TOPIC)),
        ("no topic", State(run, "sn", bytes(16))),
        ("unknown partition", State(run, "sn", topic_id, 7)),
        ("negative partition", State(run, "sn", topic_id, -1)),
        ("no group", State(run, "", topic_id)),
    ):
        state.initialize(label)
        state.read(label)
        state.write(label, (0, 1, 1, 0))
        state.delete(label)
    for name in (
        "InitializeShareGroupState",
        "ReadShareGroupState",
        "WriteShareGroupState",
        "DeleteShareGroupState",
        "ReadShareGroupStateSummary",
    ):
        for version in versions(name):
            run.ask("no topics", name, version, group_id="sn", topics=[])
            empty = {"topic_id": topic_id, "partitions": []}
            run.ask("no partitions", name, version, group_id="sn", topics=[empty])

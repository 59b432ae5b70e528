"""Over HTTP: topics, records, partitions, groups, producers, transactions."""

from __future__ import annotations

from typing import Any

from mockbroker.control import overview
from mockbroker.control.form import Field
from mockbroker.control.problems import BadField, NotFound
from mockbroker.control.seeding import RECORD_FIELDS, seed_record
from mockbroker.control.views import (
    GroupState,
    Member,
    PartitionState,
    ProducerState,
    Record,
    TransactionState,
)
from mockbroker.server.http.json_text import plain
from mockbroker.server.http.route import ANYTHING, Asked, Route
from mockbroker.server.http.schemas import array, named, result
from mockbroker.server.http.sites import Site

__all__ = ["ROUTES", "group_data"]

_LIMIT = 1000


def _topics(site: Site, asked: Asked) -> Any:
    internal = asked.query.get("internal", False)
    return {"topics": plain(overview.topics(site.core, site.control, internal=internal))}


def _topic(site: Site, asked: Asked) -> Any:
    return plain(overview.topic(site.core, site.control, asked.path["topic"]))


def _create(site: Site, asked: Asked) -> Any:
    wanted = asked.body
    site.control.commands.create_topic(
        wanted["name"],
        wanted.get("partitions", -1),
        wanted.get("replication_factor", -1),
        wanted.get("config", {}),
    )
    return plain(overview.topic(site.core, site.control, wanted["name"]))


def _delete(site: Site, asked: Asked) -> None:
    site.control.commands.delete_topic(asked.path["topic"])


def _records(site: Site, asked: Asked) -> Any:
    partition, offset = asked.query.get("partition"), asked.query.get("offset", 0)
    found = site.control.commands.records(asked.path["topic"], partition)
    wanted = [record for record in found if record.offset >= offset]
    limit = asked.query.get("limit", _LIMIT)
    return {"records": plain(wanted[:limit]), "total": len(wanted)}


def _seed(site: Site, asked: Asked) -> Any:
    given = asked.body
    if isinstance(given, dict) and "records" in given:
        if len(given) > 1:
            raise BadField(
                next(name for name in given if name != "records"), "stands beside records", ["records"]
            )
        given = given["records"]
    given = given if isinstance(given, list) else [given]
    if {} in given:
        raise BadField("record", "says nothing; a record of null has a value of null", RECORD_FIELDS)
    records = [seed_record(each, asked.path["topic"]) for each in given]
    for record in records:
        if record.topic != asked.path["topic"]:
            raise BadField("topic", f"{record.topic} is not the topic of the address", [asked.path["topic"]])
    return {"records": plain(site.control.seeding.produce(records))}


def _partition(site: Site, asked: Asked) -> Any:
    return plain(site.control.commands.partition(asked.path["topic"], asked.path["partition"]))


def _leader(site: Site, asked: Asked) -> Any:
    topic, partition, to = asked.path["topic"], asked.path["partition"], asked.body["to"]
    site.control.commands.partition(topic, partition)
    site.control.causes.check_broker(to)
    site.control.causes.move_leader(topic, partition, to)
    return _partition(site, asked)


def _pause(site: Site, asked: Asked) -> Any:
    site.control.causes.pause_replication(asked.path["topic"], asked.path["partition"])
    return _partition(site, asked)


def _resume(site: Site, asked: Asked) -> Any:
    site.control.causes.resume_replication(asked.path["topic"], asked.path["partition"])
    return _partition(site, asked)


def _producers(site: Site, asked: Asked) -> Any:
    found = site.control.inspection.producers(asked.path["topic"], asked.path["partition"])
    return {"producers": plain(found)}


def group_data(site: Site, group: GroupState) -> dict[str, Any]:
    """A group with its offsets and their lags."""
    offsets = overview.group_lags(site.control, group.group_id)
    return {
        **plain(group),
        "assignment": {
            member: [{"topic": topic, "partition": index} for topic, index in places]
            for member, places in group.assignment.items()
        },
        "offsets": plain(offsets),
        "lag": sum(max(0, each.lag) for each in offsets),
    }


def _groups(site: Site, asked: Asked) -> Any:
    return {"groups": [group_data(site, group) for group in site.control.inspection.groups()]}


def _group(site: Site, asked: Asked) -> Any:
    group = site.control.inspection.group(asked.path["group"])
    offsets = site.control.inspection.committed(asked.path["group"])
    if group.state == "Dead" and not offsets:
        raise NotFound("group", asked.path["group"])
    return group_data(site, group)


def _commit(site: Site, asked: Asked) -> Any:
    group_id, wanted = asked.path["group"], asked.body
    offsets = {(wanted["topic"], wanted["partition"]): wanted["offset"]}
    site.control.commands.partition(wanted["topic"], wanted["partition"])
    site.control.seeding.commit(group_id, offsets)
    return group_data(site, site.control.inspection.group(group_id))


def _move_coordinator(site: Site, asked: Asked) -> Any:
    return {"coordinator": site.control.causes.move_group(asked.path["group"])}


def _transactions(site: Site, asked: Asked) -> Any:
    return {"transactions": plain(site.control.inspection.transactions())}


def _fence(site: Site, asked: Asked) -> None:
    site.control.causes.fence_producer(asked.path["transactional_id"])


_TOPIC = named(overview.TopicState)
_PARTITION = named(PartitionState)
_RECORD = named(Record)
_GROUP = result(
    group_id="string",
    type="string",
    state="string",
    generation_id="integer",
    protocol="string",
    members=array(named(Member)),
    assignment="object",
    offsets=array(named(overview.GroupLag)),
    lag="integer",
)
_AT = "/partitions/{topic}/{partition}"
_SEED = {
    "type": ["object", "array"],
    "description": "A record, a list of them, or an object with a list `records`.",
    "properties": {
        "key": {"description": "text, null, or other JSON for its own text"},
        "value": {"description": "text, null, or other JSON for its own text"},
        "key_base64": {"type": "string"},
        "value_base64": {"type": "string"},
        "headers": {"type": ["object", "array"], "description": "names and values, or pairs of them"},
        "partition": {"type": "integer"},
        "timestamp_ms": {"type": "integer"},
    },
}

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/topics",
        _topics,
        "All topics with their partitions",
        query=(Field("internal", "boolean", "internal ones too"),),
        result=result(topics=array(_TOPIC)),
    ),
    Route("GET", "/topics/{topic}", _topic, "A topic", result=_TOPIC),
    Route(
        "POST",
        "/topics",
        _create,
        "Create a topic",
        body=(
            Field("name", required=True),
            Field("partitions", "integer", "the brokers' default unless said", least=-1),
            Field("replication_factor", "integer", "the brokers' default unless said", least=-1),
            Field("config", "object", "topic configs by Kafka's names"),
        ),
        result=_TOPIC,
        status=201,
    ),
    Route("DELETE", "/topics/{topic}", _delete, "Delete a topic"),
    Route(
        "GET",
        "/topics/{topic}/records",
        _records,
        "The records up to the high watermark, partition by partition",
        query=(
            Field("partition", "integer", "this one only", least=0),
            Field("offset", "integer", "from this offset on, in each partition", least=0),
            Field("limit", "integer", f"so many at most; {_LIMIT} unless said", least=0),
        ),
        result=result(records=array(_RECORD), total="integer"),
    ),
    Route(
        "POST",
        "/topics/{topic}/records",
        _seed,
        "Append records as a producer with acks=all would",
        body=ANYTHING,
        described=_SEED,
        result=result(records=array(_RECORD)),
        status=201,
    ),
    Route("GET", _AT, _partition, "A partition: leader, replicas, offsets", result=_PARTITION),
    Route(
        "POST",
        f"{_AT}/leader",
        _leader,
        "Let an in-sync replica lead",
        body=(Field("to", "integer", "the broker's id", required=True),),
        result=_PARTITION,
    ),
    Route(
        "POST", f"{_AT}/pause-replication", _pause, "Let the followers catch up, then stop", result=_PARTITION
    ),
    Route("POST", f"{_AT}/resume-replication", _resume, "Let the followers fetch again", result=_PARTITION),
    Route(
        "GET",
        f"{_AT}/producers",
        _producers,
        "The idempotent producers that a partition knows",
        result=result(producers=array(named(ProducerState))),
    ),
    Route("GET", "/groups", _groups, "All groups", result=result(groups=array(_GROUP))),
    Route("GET", "/groups/{group}", _group, "A group: members, assignment, offsets, lag", result=_GROUP),
    Route(
        "POST",
        "/groups/{group}/offsets",
        _commit,
        "Commit an offset for a group without members",
        body=(
            Field("topic", required=True),
            Field("partition", "integer", required=True, least=0),
            Field("offset", "integer", required=True, least=0),
        ),
        result=_GROUP,
    ),
    Route(
        "POST",
        "/groups/{group}/move-coordinator",
        _move_coordinator,
        "Let another broker coordinate a group",
        result=result(coordinator="integer"),
    ),
    Route(
        "GET",
        "/transactions",
        _transactions,
        "All transactional ids",
        result=result(transactions=array(named(TransactionState))),
    ),
    Route(
        "POST",
        "/transactions/{transactional_id}/fence",
        _fence,
        "Do as if a second producer had begun with a transactional id",
    ),
)

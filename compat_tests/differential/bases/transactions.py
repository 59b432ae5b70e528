"""Requests of producers with a memory."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.bases.ground import Ground, base


@base("InitProducerId")
def _init(ground: Ground) -> dict[str, Any]:
    return {
        "transactional_id": ground.fresh(),
        "transaction_timeout_ms": 60_000,
        "producer_id": -1,
        "producer_epoch": -1,
    }


@base("InitProducerId", "idempotent")
def _init_idempotent(ground: Ground) -> dict[str, Any]:
    return {
        "transactional_id": None,
        "transaction_timeout_ms": 60_000,
        "producer_id": -1,
        "producer_epoch": -1,
    }


@base("InitProducerId", "again")
def _init_again(ground: Ground) -> dict[str, Any]:
    asked = _init(ground)
    return asked | ground.producer(asked["transactional_id"])


#: Kafka never answers these.
_SILENT = ("transactions empty", "all defaults")


@base("AddPartitionsToTxn", skip=_SILENT)
def _add_partitions(ground: Ground) -> dict[str, Any]:
    name = ground.fresh()
    producer = {"transactional_id": name, **ground.producer(name)}
    topics = [{"name": ground.topic(), "partitions": [0]}]
    older = {f"v3_and_below_{key}": value for key, value in producer.items()}
    return {
        **older,
        "v3_and_below_topics": topics,
        "transactions": [{**producer, "topics": topics}],
    }


@base("AddPartitionsToTxn", "open", _SILENT)
def _add_partitions_open(ground: Ground) -> dict[str, Any]:
    producer = ground.transaction()
    topics = [{"name": ground.topic(), "partitions": [0]}]
    older = {f"v3_and_below_{key}": value for key, value in producer.items()}
    return {
        **older,
        "v3_and_below_topics": topics,
        "transactions": [{**producer, "verify_only": True, "topics": topics}],
    }


@base("AddOffsetsToTxn")
def _add_offsets(ground: Ground) -> dict[str, Any]:
    name = ground.fresh()
    return {"transactional_id": name, **ground.producer(name), "group_id": "group"}


@base("EndTxn")
def _end(ground: Ground) -> dict[str, Any]:
    return {**ground.transaction(), "committed": True}


@base("EndTxn", "nothing begun")
def _end_nothing(ground: Ground) -> dict[str, Any]:
    name = ground.fresh()
    return {"transactional_id": name, **ground.producer(name), "committed": False}


@base("TxnOffsetCommit")
def _commit(ground: Ground) -> dict[str, Any]:
    group = ground.fresh()
    partition = {
        "partition_index": 0,
        "committed_offset": 5,
        "committed_leader_epoch": 0,
        "committed_metadata": "m",
    }
    return {
        **ground.transaction(group),
        "group_id": group,
        "generation_id": -1,
        "topics": [{"name": ground.topic(), "partitions": [partition]}],
    }


#: Kafka never answers these.
_TWICE = tuple(
    f"markers.0.topics{inner} {times}"
    for inner in ("", ".0.partition_indexes")
    for times in ("twice the same", "thrice, another between")
)


@base("WriteTxnMarkers", skip=_TWICE)
def _markers(ground: Ground) -> dict[str, Any]:
    marker = {
        "producer_id": 777,
        "producer_epoch": 0,
        "transaction_result": True,
        "topics": [{"name": ground.topic(), "partition_indexes": [0]}],
        "coordinator_epoch": 0,
    }
    return {"markers": [marker]}


@base("DescribeTransactions")
def _describe(ground: Ground) -> dict[str, Any]:
    return {"transactional_ids": [ground.once("transaction", ground.transaction)["transactional_id"]]}


@base("ListTransactions")
def _list(ground: Ground) -> dict[str, Any]:
    producer = ground.once("transaction", ground.transaction)
    return {
        "state_filters": ["Ongoing"],
        "producer_id_filters": [producer["producer_id"]],
        "duration_filter": -1,
        "transactional_id_pattern": f"{ground.prefix}.*",
    }


@base("ListTransactions", "no ids")
def _list_without_ids(ground: Ground) -> dict[str, Any]:
    return _list(ground) | {"producer_id_filters": []}

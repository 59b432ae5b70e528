"""ACLs, delegation tokens and SASL where nobody checks who somebody is; SCRAM users, who may be made all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handlers.plain import Desk

TYPES = {"operation": 3, "permission_type": 3}
ACL = {"resource_type": 2, "resource_name": "t", "principal": "User:a", "host": "*", **TYPES}


@pytest.mark.parametrize("version", range(1, 4))
def test_acls(version: int) -> None:
    desk = Desk()
    answer = desk.ask("DescribeAcls", version, resource_type_filter=2, **TYPES)
    assert (answer["error_code"], answer["error_message"]) == (
        54,
        "No Authorizer is configured on the broker",
    )
    entry = {"error_code": 54, "error_message": "No Authorizer is configured."}
    assert desk.ask("CreateAcls", version, creations=[ACL, ACL])["results"] == [entry, entry]
    found = desk.ask("DeleteAcls", version, filters=[{"resource_type_filter": 2, **TYPES}])
    assert found["filter_results"] == [{**entry, "matching_acls": []}]


def test_tokens() -> None:
    desk = Desk()
    owner = {"owner_principal_type": "User", "owner_principal_name": "alice"}
    token = desk.ask("CreateDelegationToken", 3, **owner)
    assert token["error_code"] == 64
    assert (token["principal_name"], token["token_requester_principal_name"]) == ("alice", "ANONYMOUS")
    assert (token["issue_timestamp_ms"], token["token_id"], token["hmac"]) == (-1, "", "")
    for name in ("RenewDelegationToken", "ExpireDelegationToken"):
        answer = desk.ask(name, hmac=b"x")
        assert (answer["error_code"], answer["expiry_timestamp_ms"]) == (64, -1)
    assert desk.ask("DescribeDelegationToken", owners=None)["error_code"] == 64


def test_a_token_of_a_nameless_kind_is_an_error_of_the_server() -> None:
    owner = {"owner_principal_type": None, "owner_principal_name": "alice"}
    answer = Desk().ask("CreateDelegationToken", 3, **owner)
    assert (answer["error_code"], answer["principal_name"]) == (-1, "ANONYMOUS")


def test_sasl() -> None:
    desk = Desk()
    for version in (0, 1):
        answer = desk.ask("SaslHandshake", version, mechanism="PLAIN")
        assert answer == {"error_code": 34, "mechanisms": []}
    answer = desk.ask("SaslAuthenticate", 2, auth_bytes=b"\0a\0b")
    text = "SaslAuthenticate request received after successful authentication"
    assert (answer["error_code"], answer["error_message"]) == (34, text)


def upsertion(user: str, **more: Any) -> dict[str, Any]:
    return {
        "name": user,
        "mechanism": 1,
        "iterations": 4096,
        "salt": b"salt",
        "salted_password": b"password",
        **more,
    }


def test_scram_users() -> None:
    desk = Desk()
    upsertions = [upsertion("alice", iterations=8192), upsertion("bob", mechanism=9)]
    results = desk.ask("AlterUserScramCredentials", upsertions=upsertions)["results"]
    assert results == [
        {"user": "alice", "error_code": 0, "error_message": None},
        {"user": "bob", "error_code": 33, "error_message": "Unknown SCRAM mechanism"},
    ]
    results = desk.ask("DescribeUserScramCredentials", users=[{"name": "alice"}, {"name": "bob"}])["results"]
    by_name = {result["user"]: result for result in results}
    assert by_name["alice"]["credential_infos"] == [{"mechanism": 1, "iterations": 8192}]
    assert (by_name["bob"]["error_code"], by_name["bob"]["credential_infos"]) == (91, [])
    assert len(desk.ask("DescribeUserScramCredentials", users=None)["results"]) == 1
    results = desk.ask("AlterUserScramCredentials", deletions=[{"name": "alice", "mechanism": 1}])["results"]
    assert results == [{"user": "alice", "error_code": 0, "error_message": None}]
    assert desk.ask("DescribeUserScramCredentials", users=None)["results"] == []


def test_quotas() -> None:
    desk = Desk()
    entity = [{"entity_type": "user", "entity_name": "alice"}]
    operations = [{"key": "producer_byte_rate", "value": 1024.0}]
    for version in (0, 1):
        answer = desk.ask("AlterClientQuotas", version, entries=[{"entity": entity, "ops": operations}])
        assert answer["entries"] == [{"error_code": 0, "error_message": None, "entity": entity}]
        answer = desk.ask("DescribeClientQuotas", version)
        assert answer["entries"] == [
            {"entity": entity, "values": [{"key": "producer_byte_rate", "value": 1024.0}]}
        ]
        filters = [{"entity_type": "", "match_type": 2}]
        answer = desk.ask("DescribeClientQuotas", version, components=filters)
        assert (answer["error_message"], answer["entries"]) == ("Invalid empty entity type.", None)
    operations = [{"key": "producer_byte_rate", "remove": True}]
    desk.ask("AlterClientQuotas", entries=[{"entity": entity, "ops": operations}])
    assert desk.ask("DescribeClientQuotas")["entries"] == []

"""ACLs without an authorizer, delegation tokens and SASL without authentication, SCRAM users."""

from __future__ import annotations

from typing import Any

from compat_tests.differential.runner import Run, versions

_TOPIC, _LITERAL, _READ, _ALLOW = 2, 3, 3, 3


def _filter(**more: Any) -> dict[str, Any]:
    return {
        "resource_type_filter": _TOPIC,
        "resource_name_filter": "t",
        "principal_filter": "User:a",
        "host_filter": None,
        "operation": _READ,
        "permission_type": _ALLOW,
        **more,
    }


def describe_acls(run: Run) -> None:
    for version in versions("DescribeAcls"):

        def ask(label: str, **more: Any) -> None:
            run.ask(label, "DescribeAcls", version, **_filter(**more))  # noqa: B023

        ask("one")
        ask("any", resource_type_filter=1, resource_name_filter=None, operation=1, permission_type=1)
        ask("prefixed", pattern_type_filter=4)
        ask("match", pattern_type_filter=2)
        ask("empty name", resource_name_filter="")
        ask("bad principal", principal_filter="nobody")
        for name in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
            ask(f"{name} 0", **{name: 0})
            ask(f"{name} 99", **{name: 99})
            ask(f"{name} -1", **{name: -1})


def create_acls(run: Run) -> None:
    for version in versions("CreateAcls"):
        acl = {
            "resource_type": _TOPIC,
            "resource_name": "t",
            "principal": "User:a",
            "host": "*",
            "operation": _READ,
            "permission_type": _ALLOW,
        }

        def ask(label: str, *changes: dict[str, Any]) -> None:
            creations = [{**acl, **change} for change in changes]  # noqa: B023
            run.ask(label, "CreateAcls", version, creations=creations)  # noqa: B023

        ask("one", {})
        ask("two", {}, {})
        ask("none")
        ask("prefixed", {"resource_pattern_type": 4})
        ask("empty name", {"resource_name": ""})
        ask("cluster", {"resource_type": 4, "resource_name": "x"})
        for name in ("resource_type", "resource_pattern_type", "operation", "permission_type"):
            ask(f"{name} 0", {}, {name: 0})
            ask(f"{name} 99", {name: 99})


def delete_acls(run: Run) -> None:
    for version in versions("DeleteAcls"):

        def ask(label: str, *changes: dict[str, Any]) -> None:
            run.ask(label, "DeleteAcls", version, filters=[_filter(**change) for change in changes])  # noqa: B023

        ask("one", {})
        ask("two", {}, {"operation": 4})
        ask("none")
        ask("any", {"resource_type_filter": 1, "pattern_type_filter": 1})
        for name in ("resource_type_filter", "pattern_type_filter", "operation", "permission_type"):
            ask(f"{name} 0", {name: 0}, {})
            ask(f"{name} 99", {name: 99})


def delegation_tokens(run: Run) -> None:
    for version in versions("CreateDelegationToken"):

        def create(label: str, **more: Any) -> None:
            run.ask(label, "CreateDelegationToken", version, max_lifetime_ms=-1, **more)  # noqa: B023

        create("own")
        create("renewers", renewers=[{"principal_type": "User", "principal_name": "b"}])
        create("odd renewer", renewers=[{"principal_type": "Group", "principal_name": "b"}])
        if version >= 3:
            create("of somebody", owner_principal_type="User", owner_principal_name="a")
            create("of a kind", owner_principal_type="Group", owner_principal_name="a")
            create("null name", owner_principal_type="User", owner_principal_name=None)
            create("null kind", owner_principal_type=None, owner_principal_name="a")
            create("nulls", owner_principal_type=None, owner_principal_name=None)
            create("empty kind", owner_principal_type="", owner_principal_name="a")
    for version in versions("RenewDelegationToken"):
        run.ask("unknown", "RenewDelegationToken", version, hmac=b"abc", renew_period_ms=-1)
        run.ask("empty", "RenewDelegationToken", version, hmac=b"", renew_period_ms=1)
    for version in versions("ExpireDelegationToken"):
        run.ask("unknown", "ExpireDelegationToken", version, hmac=b"abc", expiry_time_period_ms=-1)
        run.ask("empty", "ExpireDelegationToken", version, hmac=b"", expiry_time_period_ms=1)
    for version in versions("DescribeDelegationToken"):
        run.ask("all", "DescribeDelegationToken", version, owners=None)
        run.ask("none", "DescribeDelegationToken", version, owners=[])
        one = [{"principal_type": "User", "principal_name": "a"}]
        run.ask("one", "DescribeDelegationToken", version, owners=one)


def sasl(run: Run) -> None:
    for version in versions("SaslHandshake"):
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "", "nonsense"):
            run.ask(f"mechanism {mechanism!r}", "SaslHandshake", version, mechanism=mechanism)
    for version in versions("SaslAuthenticate"):
        run.ask("PLAIN", "SaslAuthenticate", version, auth_bytes=b"\0a\0b")
        run.ask("nothing", "SaslAuthenticate", version, auth_bytes=b"")


def _upsertion(name: str, mechanism: int = 1, iterations: int = 4096, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "mechanism": mechanism,
        "iterations": iterations,
        "salt": b"salt",
        "salted_password": b"password",
        **more,
    }


def scram(run: Run) -> None:
    def alter(
        label: str,
        upsertions: list[dict[str, Any]] | None = None,
        deletions: list[tuple[str, int]] | None = None,
    ) -> None:
        run.ask(
            label,
            "AlterUserScramCredentials",
            0,
            upsertions=upsertions or [],
            deletions=[{"name": name, "mechanism": mechanism} for name, mechanism in deletions or []],
        )

    alter("nothing")
    alter("one", [_upsertion("alice", iterations=8192)])
    alter("other mechanism", [_upsertion("alice", 2)])
    alter("two users", [_upsertion("bob"), _upsertion("carol", iterations=16384)])
    alter("again", [_upsertion("bob", iterations=5000)])
    alter("twice", [_upsertion("dave"), _upsertion("dave", 2)])
    alter("three times", [_upsertion("dave"), _upsertion("dave", 2), _upsertion("dave", 2)])
    alter("upsert and delete", [_upsertion("bob")], [("bob", 1)])
    alter("delete twice", None, [("bob", 1), ("bob", 1)])
    alter("delete absent mechanism", None, [("bob", 2)])
    alter("delete absent user", None, [("nobody", 1)])
    alter("absent, then upsert", [_upsertion("nobody")], [("nobody", 1)])
    alter("one of two", [_upsertion("erin"), _upsertion("frank", iterations=1)])
    for iterations in (4095, 16385, 0, -1):
        alter(f"{iterations} iterations", [_upsertion("dave", iterations=iterations)])
    for mechanism in (0, 3, -1):
        alter(f"mechanism {mechanism}", [_upsertion("dave", mechanism)], [("alice", mechanism)])
    alter("empty name", [_upsertion("")], [("", 1)])
    alter("empty name and mechanism", [_upsertion("", 9)])
    alter("no salt", [_upsertion("grace", salt=b"")])
    alter("no password", [_upsertion("heidi", salted_password=b""), _upsertion("ivan")])
    alter("odd name", [_upsertion("u=1,v é")])

    def describe(label: str, users: list[str] | None) -> None:
        names = None if users is None else [{"name": name} for name in users]
        run.ask(label, "DescribeUserScramCredentials", 0, users=names)

    run.settled(
        lambda: (
            not run.prepare("DescribeUserScramCredentials", 0, users=[{"name": "u=1,v é"}])["results"][0][
                "error_code"
            ]
        ),
        "the last user",
    )
    describe("all", None)
    describe("all by an empty list", [])
    describe("one", ["alice"])
    describe("absent", ["nobody-else", "alice"])
    describe("twice", ["alice", "alice", "bob"])
    describe("empty", [""])
    alter("delete one mechanism", None, [("alice", 1)])
    alter("delete the last", None, [("carol", 1)])
    run.settled(
        lambda: (
            run.prepare("DescribeUserScramCredentials", 0, users=[{"name": "carol"}])["results"][0][
                "error_code"
            ]
            != 0
        ),
        "the deletion",
    )
    describe("after deletion", ["alice", "carol"])

"""Who asks, and under what circumstances: what a handler gets beside the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockbroker.core.assembly import Core
    from mockbroker.core.nodes import Node

__all__ = ["ANONYMOUS", "Call", "Caller", "Disconnect"]

#: The principal of a client that did not log in (`KafkaPrincipal.ANONYMOUS`).
ANONYMOUS = "User:ANONYMOUS"


class Disconnect(Exception):
    """The connection is to end, for the reason given."""


class Caller:
    """One connection, as the broker knows it.

    Attributes:
        connection_id: unique in the cluster's life.
        node_id: the broker that it is connected to.
        listener: the listener's name, "PLAINTEXT" say.
        principal: "User:alice"; `ANONYMOUS` before a login.
        client_host: the client's address, "127.0.0.1"; `client_port`: its port.
        local_address: host and port on which the connection came in.
        client_id: of the last request; None where it gave none.
        software_name, software_version: what ApiVersions told (KIP-511), "unknown" before.
    """

    __slots__ = (
        "client_host",
        "client_id",
        "client_port",
        "connection_id",
        "listener",
        "local_address",
        "node_id",
        "principal",
        "software_name",
        "software_version",
    )

    def __init__(
        self,
        connection_id: int,
        node_id: int,
        *,
        listener: str = "PLAINTEXT",
        client_host: str = "127.0.0.1",
        client_port: int = 0,
        local_address: tuple[str, int] = ("127.0.0.1", 0),
        principal: str = ANONYMOUS,
    ) -> None:
        self.connection_id = connection_id
        self.node_id = node_id
        self.listener = listener
        self.principal = principal
        self.client_host = client_host
        self.client_port = client_port
        self.local_address = local_address
        self.client_id: str | None = None
        self.software_name = "unknown"
        self.software_version = "unknown"


class Call:
    """One request's circumstances."""

    __slots__ = ("caller", "client_id", "core", "node", "version")

    def __init__(self, core: Core, node: Node, version: int, client_id: str | None, caller: Caller) -> None:
        self.core = core
        #: The broker that was asked.
        self.node = node
        self.version = version
        #: None where the request gave none.
        self.client_id = client_id
        self.caller = caller

    def allows(self, operation: int, resource_type: int, name: str) -> bool:
        """Whether the principal may do this (`AuthHelper.authorize`).

        Args:
            operation: an `AclOperation`.
            resource_type: a `ResourceType`.
            name: of the resource.
        """
        authorizer: Any = self.core.authorizer
        return authorizer is None or bool(authorizer.allows(self.caller, operation, resource_type, name))

    def allows_any(self, operation: int, resource_type: int) -> bool:
        """Whether the principal may do this to some resource of the kind (`Authorizer.authorizeByResourceType`)."""
        authorizer: Any = self.core.authorizer
        return authorizer is None or bool(authorizer.allows_any(self.caller, operation, resource_type))

    def address_of(self, node: Node) -> tuple[str, int]:
        """Host and port at which this client finds a broker."""
        return self.core.addresses(node, self.caller)

"""Who is at the other end of a connection, and how one says that it is to end."""

from __future__ import annotations

__all__ = ["ANONYMOUS", "Caller", "Disconnect"]

#: The principal of a client that did not log in (`KafkaPrincipal.ANONYMOUS`).
ANONYMOUS = "User:ANONYMOUS"


class Disconnect(Exception):
    """The connection is to end, for the reason given.

    Args:
        is_intended: whether a test wants it so, and nobody need be warned.
    """

    def __init__(self, reason: str, *, is_intended: bool = False) -> None:
        super().__init__(reason)
        self.is_intended = is_intended


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

"""Under what circumstances a request is made: what a handler gets beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockbroker.wire.caller import Caller

if TYPE_CHECKING:
    from mockbroker.core.assembly import Core
    from mockbroker.core.cluster import Cluster
    from mockbroker.core.images import Image
    from mockbroker.core.nodes import Node
    from mockbroker.core.replicas import Partition
    from mockbroker.core.topics import Topic

__all__ = ["Call"]


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

    @property
    def image(self) -> Cluster | Image:
        """The topics as the broker that was asked knows them."""
        return self.node.image or self.core.cluster

    def partitions_of(self, topic: Topic) -> list[Partition]:
        """Those that the broker that was asked knows of."""
        image = self.node.image
        return topic.partitions if image is None else [one for one in topic.partitions if one in image.states]

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

"""What went wrong with a request to the control plane, as a problem document (RFC 9457).

Beside `title`, `status` and `detail` it has `field`, which is wrong, and `choices`, what would be right, where that can
be said; and `error`, Kafka's code, where it is Kafka that refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockbroker.control.problems import BadField, NotFound
from mockbroker.control.waits import WaitTimeout
from mockbroker.server.listeners import CannotListen
from protocol_specs.errors import ErrorCode, KafkaError

if TYPE_CHECKING:
    from mockbroker.server.http.sites import Site

__all__ = ["PROBLEM_TYPE", "Problem", "problem_of"]

PROBLEM_TYPE = "application/problem+json"

_TITLES = {
    400: "The request is not right",
    401: "A token is needed",
    403: "Not from this web page",
    404: "There is no such thing",
    405: "Not with this method",
    408: "What was waited for has not come",
    409: "Not in this state",
    413: "The body is too large",
    421: "This host is not served here",
    500: "The control plane failed",
}
_CONFLICTS = frozenset(
    {
        ErrorCode.TOPIC_ALREADY_EXISTS,
        ErrorCode.INELIGIBLE_REPLICA,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.UNKNOWN_MEMBER_ID,
    }
)

_FIELDS = {
    ErrorCode.TOPIC_ALREADY_EXISTS: "name",
    ErrorCode.INVALID_TOPIC_EXCEPTION: "name",
    ErrorCode.INVALID_PARTITIONS: "partitions",
    ErrorCode.INVALID_REPLICATION_FACTOR: "replication_factor",
    ErrorCode.INVALID_CONFIG: "config",
    ErrorCode.INELIGIBLE_REPLICA: "to",
}


class Problem(Exception):
    """A request that is refused.

    Attributes:
        status: of HTTP.
        headers: to be sent with it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str | None = None,
        choices: Iterable[str] = (),
        error: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self._more = {"field": field, "choices": list(choices), "error": error}

    def as_data(self) -> dict[str, Any]:
        """The document."""
        document = {
            "type": "about:blank",
            "title": _TITLES.get(self.status, "Refused"),
            "status": self.status,
            "detail": str(self),
        }
        return document | {name: value for name, value in self._more.items() if value}


def problem_of(error: Exception, site: Site, given: Mapping[str, Any]) -> Problem | None:
    """The problem that an exception of a verb stands for; None: it is a mistake of ours.

    Args:
        given: what was asked, by the fields' names.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, BadField):
        return Problem(400, str(error), field=error.field, choices=error.choices)
    if isinstance(error, NotFound):
        return Problem(404, str(error), field=error.kind, choices=site.names_of(error.kind))
    if isinstance(error, WaitTimeout):
        return Problem(408, str(error))
    if isinstance(error, CannotListen):
        return Problem(409, str(error), field="port")
    if isinstance(error, KafkaError):
        return _kafka(error, site, given)
    if isinstance(error, ValueError):
        return Problem(400, str(error), field=getattr(error, "name", None))
    return None


def _kafka(error: KafkaError, site: Site, given: Mapping[str, Any]) -> Problem:
    code, said = error.code, error.message or error.code.name
    if code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        indexes = site.partitions_of(given.get("topic"))
        field, choices = ("partition", indexes) if indexes else ("topic", site.names_of("topic"))
        said = f"there is no {field} {given[field]}" if field in given else said
        return Problem(404, said, field=field, choices=choices, error=code.name)
    if code is ErrorCode.BROKER_ID_NOT_REGISTERED:
        field = next((name for name in ("broker", "to") if name in given), "broker")
        return Problem(404, said, field=field, choices=site.names_of("broker"), error=code.name)
    status = 409 if code in _CONFLICTS else 400
    return Problem(status, said, field=_FIELDS.get(code), error=code.name)

"""Client quotas: whose they are, what they may be, and who has which.

Rules kept here (Kafka: `ClientQuotaControlManager`, `ClientQuotasImage`; KIP-546, KIP-599, KIP-612):

- An entity is a user, a client id, both together, or an address; each by name, or as the default for those that have
  no quota of their own.
- The changes of one entity hold together or not at all; each entity has its own answer. Of several changes of one
  entity in a request the first holds, though the answer refuses it.
- A filter names kinds of entities: exactly one, the default, or any. A strict one wants no further kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from mockbroker.core.java_maps import hash_order
from mockbroker.core.java_strings import string_hash
from protocol_specs.errors import ErrorCode, KafkaError

__all__ = ["ClientQuotas", "Component", "Entity", "QuotaChange"]

USER: Final = "user"
CLIENT_ID: Final = "client-id"
IP: Final = "ip"

#: Kinds and names, None for the default, in the order of Kafka's answers.
Entity = tuple[tuple[str, "str | None"], ...]

_EXACT, _DEFAULT, _ANY = range(3)

_MAX_INT: Final = 2.0**31 - 1
_MAX_LONG: Final = 2.0**63

#: What a quota may be: the type's name and its largest value; None: a number that need not be whole.
_OF_CLIENTS: Final = {
    "producer_byte_rate": ("a LONG", _MAX_LONG),
    "consumer_byte_rate": ("a LONG", _MAX_LONG),
    "request_percentage": None,
    "controller_mutation_rate": None,
}
_OF_ADDRESSES: Final = {"connection_creation_rate": ("an INT", _MAX_INT)}

#: `InetAddress.getByName` takes fewer than four numbers too: the last one then stands for more bytes.
_NUMBERS: Final = re.compile(r"\d{1,10}(\.\d{1,10}){0,3}", re.ASCII)


class QuotaChange(NamedTuple):
    """What is to change for one entity.

    Attributes:
        entity: kinds and names, None for the default.
        operations: keys and new values; None removes.
    """

    entity: Mapping[str, str | None]
    operations: Sequence[tuple[str, float | None]]


class Component(NamedTuple):
    """One kind of entity in a filter.

    Attributes:
        match_type: 0 the one named, 1 the default, 2 any.
    """

    entity_type: str
    match_type: int
    match: str | None


class ClientQuotas:
    """The quotas of one cluster.

    Attributes:
        entities: values by key, by entity; no entity is without any.
        listeners: called after each change.
    """

    def __init__(self) -> None:
        self.entities: dict[Entity, dict[str, float]] = {}
        self.listeners: list[Callable[[], None]] = []

    def alter(
        self, changes: Iterable[QuotaChange], *, validate_only: bool = False
    ) -> dict[Entity, KafkaError | None]:
        """Change quotas.

        Returns:
            For each entity None, or why it was refused: INVALID_REQUEST with Kafka's texts.
        """
        outcomes: dict[Entity, KafkaError | None] = {}
        accepted: list[tuple[Entity, dict[str, float | None]]] = []
        for change in changes:
            entity = tuple(
                (kind, change.entity[kind]) for kind in hash_order(change.entity, capacity=len(change.entity))
            )
            operations = dict(change.operations)
            if entity in outcomes or len(operations) < len(change.operations):
                outcomes[entity] = _invalid(f"Ignoring duplicate entity {_text_of(entity)}")
                continue
            try:
                _check(entity, operations)
            except KafkaError as error:
                outcomes[entity] = error
            else:
                outcomes[entity] = None
                accepted.append((entity, operations))
        outcomes = {entity: outcomes[entity] for entity in hash_order(outcomes, _hash_of)}
        if accepted and not validate_only:
            self._apply(dict(accepted))
            for listener in self.listeners:
                listener()
        return outcomes

    def describe(
        self, components: Iterable[Component], *, is_strict: bool
    ) -> list[tuple[Entity, dict[str, float]]]:
        """The entities that a filter matches, with their quotas.

        Raises:
            KafkaError: INVALID_REQUEST; UNSUPPORTED_VERSION for an unknown kind of entity.
        """
        wanted: dict[str, Component] = {}
        for component in components:
            _check_component(component, wanted)
            wanted[component.entity_type] = component
        if IP in wanted and len(wanted) > 1:
            text = "Invalid entity filter component combination. IP filter component should not be used with "
            raise _invalid(f"{text}user or clientId filter component.")
        return [
            (entity, values)
            for entity, values in self.entities.items()
            if _matches(dict(entity), wanted, is_strict)
        ]

    def _apply(self, changes: Mapping[Entity, Mapping[str, float | None]]) -> None:
        """Kafka: `ClientQuotasDelta.apply`, whose maps decide in what order the quotas are described."""
        before = dict(self.entities)
        changed = hash_order(changes, _hash_of, are_computed=True)
        created = [entity for entity in changed if entity not in before]
        after = {
            entity: _changed(before.get(entity, {}), changes.get(entity, {}))
            for entity in (*before, *created)
        }
        left = [entity for entity, values in after.items() if values]
        self.entities.clear()
        for entity in hash_order(left, _hash_of, capacity=len(before)):
            self.entities[entity] = after[entity]


def _changed(values: Mapping[str, float], operations: Mapping[str, float | None]) -> dict[str, float]:
    """Kafka: `ClientQuotaDelta.apply`."""
    after = {**values, **{key: operations[key] for key in hash_order(operations)}}
    left = {key: value for key, value in after.items() if value is not None}
    return {key: left[key] for key in hash_order(left, capacity=len(values))}


def _hash_of(entity: Entity) -> int:
    """Kafka: `ClientQuotaEntity.hashCode`."""
    return 31 + sum(string_hash(kind) ^ (0 if name is None else string_hash(name)) for kind, name in entity)


def _check(entity: Entity, operations: Mapping[str, float | None]) -> None:
    keys = _keys_of(entity)
    for key in hash_order(operations, capacity=len(operations)):
        value = operations[key]
        if value is None:
            continue
        if key not in keys:
            raise _invalid(f"Invalid configuration key {key}")
        if value <= 0:
            raise _invalid(f"Quota {key} must be greater than 0")
        limit = keys[key]
        if limit is not None:
            type_name, most = limit
            if value > most:
                raise _invalid(f"Proposed value for {key} is too large for {type_name}.")
            if abs(value % 1.0) > 1e-6:
                raise _invalid(f"{key} cannot be a fractional value.")


def _keys_of(entity: Entity) -> Mapping[str, tuple[str, float] | None]:
    """The quotas that an entity may have."""
    kinds = dict(entity)
    if not kinds:
        raise _invalid("Invalid empty client quota entity")
    for kind, name in entity:
        if kind not in (USER, CLIENT_ID, IP):
            raise _invalid(f"Unhandled client quota entity type: {kind}")
        if name == "":
            raise _invalid(f"Empty {kind} not supported")
    if IP not in kinds:
        return _OF_CLIENTS
    if len(kinds) > 1:
        text = "Invalid quota entity combination, IP entity should"
        raise _invalid(f"{text}not be combined with User or ClientId")
    address = kinds[IP]
    if address is not None and not _is_address(address):
        raise _invalid(f"{address} is not a valid IP or resolvable host.")
    return _OF_ADDRESSES


def _is_address(text: str) -> bool:
    """Whether it is an address, or the one name that every machine resolves."""
    from ipaddress import ip_address

    if text == "localhost":
        return True
    if _NUMBERS.fullmatch(text):
        *first, last = map(int, text.split("."))
        return all(number < 256 for number in first) and last < 256 ** (4 - len(first))
    try:
        ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text)
    except ValueError:
        return False
    return True


def _check_component(component: Component, others: Mapping[str, Component]) -> None:
    kind = component.entity_type
    if not kind:
        raise _invalid("Invalid empty entity type.")
    if kind in others:
        raise _invalid(f"Entity type {kind} cannot appear more than once in the filter.")
    if kind not in (USER, CLIENT_ID, IP):
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, f"Unsupported entity type {kind}")
    if component.match_type not in (_EXACT, _DEFAULT, _ANY):
        raise _invalid(f"Unknown match type {component.match_type}")
    if component.match_type == _EXACT:
        if component.match is None:
            raise _invalid("Request specified MATCH_TYPE_EXACT, but set match string to null.")
    elif component.match is not None:
        name = "MATCH_TYPE_DEFAULT" if component.match_type == _DEFAULT else "MATCH_TYPE_SPECIFIED"
        raise _invalid(f"Request specified {name}, but also specified a match string.")


def _matches(entity: Mapping[str, str | None], wanted: Mapping[str, Component], is_strict: bool) -> bool:
    if is_strict and len(entity) != len(wanted):
        return False
    return all(
        kind in entity and (component.match_type == _ANY or entity[kind] == component.match)
        for kind, component in wanted.items()
    )


def _text_of(entity: Entity) -> str:
    """As Java prints it."""
    names = ", ".join(f"{kind}={'null' if name is None else name}" for kind, name in entity)
    return f"ClientQuotaEntity(entries={{{names}}})"


def _invalid(text: str) -> KafkaError:
    return KafkaError(ErrorCode.INVALID_REQUEST, text)

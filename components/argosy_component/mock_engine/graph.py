"""The recorded resource graph: plain values, no SDK."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

SecretPath = tuple[str | int, ...]

MASK: Final = "[secret]"


class UnknownValue:
    """The type of `UNKNOWN`: a value only known once the resource it comes from exists."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "[unknown]"


UNKNOWN: Final = UnknownValue()


class ResourceLookupError(AssertionError):
    """A lookup in the graph found no resource, or more than the one asked for."""


@dataclass(frozen=True, slots=True)
class RegisteredResource:
    """One resource as the engine would have seen it.

    `inputs` and `outputs` are plain values under the names of the wire (camelCase), secrets unwrapped,
    unknown ones `UNKNOWN`; `secret_inputs` and `secret_outputs` name the paths that were secret.
    `outputs` holds what a component registered (`register_outputs`), None where it registered nothing.
    `id` is None for components and in a preview.
    """

    type: str
    name: str
    urn: str
    parent: str | None
    custom: bool
    id: str | None
    inputs: dict[str, Any]
    options: dict[str, Any]
    outputs: dict[str, Any] | None = None
    secret_inputs: frozenset[SecretPath] = field(default_factory=frozenset[SecretPath])
    secret_outputs: frozenset[SecretPath] = field(default_factory=frozenset[SecretPath])

    def shown(self) -> dict[str, Any]:
        """What may be printed: JSON values, secrets as `[secret]`, unknowns as `[unknown]`."""
        shown: dict[str, Any] = {
            "type": self.type,
            "name": self.name,
            "urn": self.urn,
            "parent": self.parent,
            "inputs": masked(self.inputs, self.secret_inputs),
            "options": self.options,
        }
        if self.outputs is not None:
            shown["outputs"] = masked(self.outputs, self.secret_outputs)
        return shown


@dataclass(frozen=True, slots=True)
class ResourceGraph:
    """Every resource of one run, ordered by URN, whatever order they were registered in.

    `outputs` are the stack's exports, plain and unmasked.
    """

    resources: tuple[RegisteredResource, ...]
    outputs: Mapping[str, Any]

    def of_type(self, type_: str) -> tuple[RegisteredResource, ...]:
        """Resources of the Pulumi type token `type_`, ordered by URN."""
        return tuple(resource for resource in self.resources if resource.type == type_)

    def one(self, type_: str, name: str | None = None) -> RegisteredResource:
        """The one resource of type `type_` (and called `name`).

        Raises ResourceLookupError if there is none, or more than one.
        """
        found = [resource for resource in self.of_type(type_) if name in (None, resource.name)]
        if len(found) == 1:
            return found[0]
        wanted = f"{type_} {name!r}" if name else type_
        if found:
            raise ResourceLookupError(f"{len(found)} resources are {wanted}: {_names(found)}")
        raise ResourceLookupError(f"no resource is {wanted}; declared: {_census(self.resources)}")

    def by_urn(self, urn: str) -> RegisteredResource:
        """The resource with this URN. Raises ResourceLookupError if there is none."""
        for resource in self.resources:
            if resource.urn == urn:
                return resource
        raise ResourceLookupError(f"no resource has the URN {urn}; declared: {_census(self.resources)}")

    def children(self, urn: str) -> tuple[RegisteredResource, ...]:
        """Resources whose parent is `urn`, ordered by URN."""
        return tuple(resource for resource in self.resources if resource.parent == urn)

    def snapshot(self) -> list[dict[str, Any]]:
        """The graph as JSON values, equal for equal programs: ordered by URN, secrets masked.

        The SDK's version is left out, so that an upgrade of the SDK alone changes no snapshot.
        """
        return [_without_version(resource.shown()) for resource in self.resources]


def masked(value: Any, secret_paths: Iterable[SecretPath]) -> Any:
    """`value` with every secret path replaced by `[secret]` and every unknown by `[unknown]`."""
    return _masked(value, frozenset(secret_paths), ())


def as_json(value: Any) -> str:
    """JSON text of `value` with sorted keys and a final newline."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _masked(value: Any, secrets: frozenset[SecretPath], path: SecretPath) -> Any:
    if path in secrets:
        return MASK
    if value is UNKNOWN:
        return repr(UNKNOWN)
    if isinstance(value, dict):
        members = cast(dict[str, Any], value).items()
        return {key: _masked(member, secrets, (*path, key)) for key, member in members}
    if isinstance(value, list):
        items = enumerate(cast(list[Any], value))
        return [_masked(item, secrets, (*path, index)) for index, item in items]
    return value


def _without_version(shown: dict[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in shown["options"].items() if key != "version"}
    return {**shown, "options": options}


def _names(resources: Iterable[RegisteredResource]) -> str:
    return ", ".join(resource.name for resource in resources)


def _census(resources: Iterable[RegisteredResource]) -> str:
    return ", ".join(sorted({resource.type for resource in resources})) or "nothing"

"""Between Pulumi's wire values and plain Python values.

Only what this provider is sent: JSON values and unknowns. It declines secrets, assets and references in its
handshake, so the engine sends plain values and marks the secret ones itself. The SDK's own conversion
(`pulumi.provider.experimental`, 3.259) cannot be used: it fails on unknown values, which every preview has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from google.protobuf import struct_pb2
from pulumi.runtime.rpc import UNKNOWN as _UNKNOWN_ON_THE_WIRE


class Unknown:
    """A value that a preview does not know yet."""

    def __repr__(self) -> str:
        return "(not known yet)"


UNKNOWN = Unknown()


def plain_map(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Plain values by name. Nulls, and names that the engine keeps for itself (`__…`), are left out."""
    found = {name: _plain(value) for name, value in struct.fields.items() if not name.startswith("__")}
    return {name: found[name] for name in sorted(found) if found[name] is not None}


def wire_map(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Wire values by name."""
    return struct_pb2.Struct(fields={name: _wire(values[name]) for name in sorted(values)})


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == _UNKNOWN_ON_THE_WIRE else value.string_value
        case "number_value":
            # Pulumi knows one kind of number; whole ones are meant as such.
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "struct_value":
            return plain_map(value.struct_value)
        case _:
            return None


def _wire(value: object) -> struct_pb2.Value:
    match value:
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWN_ON_THE_WIRE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Mapping():
            return struct_pb2.Value(struct_value=wire_map(cast("Mapping[str, Any]", value)))
        case list() | tuple():
            items = [_wire(item) for item in cast("Sequence[object]", value)]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case _:
            raise TypeError(f"no wire value for {type(value).__name__}")

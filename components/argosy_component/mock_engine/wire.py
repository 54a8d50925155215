"""Property values between the SDK's protobuf form and plain Python.

Signatures are those of `pulumi.runtime.rpc`; the engine knows them under the same constants
(sdk/go/common/resource/sig of pulumi/pulumi).
"""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime import rpc

from argosy_component.mock_engine.graph import UNKNOWN, SecretPath

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a signature, and public
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def to_plain(struct: Struct) -> tuple[dict[str, Any], frozenset[SecretPath]]:
    """Plain values of a property map, and the paths in it that were secret.

    Whole numbers come back as int (the wire knows doubles only), assets as `{"asset": {…}}`, references
    to resources as `{"resource": urn}`.
    """
    secrets: set[SecretPath] = set()
    plain = {key: _plain(value, (key,), secrets) for key, value in struct.fields.items()}
    return plain, frozenset(secrets)


def to_struct(values: Mapping[str, Any]) -> Struct:
    """A property map of plain JSON values."""
    struct = Struct()
    struct.update(values)
    return struct


def wrap_secret(struct: Struct, key: str) -> None:
    """Mark the top-level property `key`, where there is one, as secret, as the engine does."""
    if key not in struct.fields or _signature(struct.fields[key]) == SECRET:
        return
    inner = Value()
    inner.CopyFrom(struct.fields[key])
    wrapped = struct.fields[key].struct_value
    wrapped.Clear()
    wrapped.fields[SIGNATURE].string_value = SECRET
    wrapped.fields["value"].CopyFrom(inner)


def _plain(value: Value, path: SecretPath, secrets: set[SecretPath]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == rpc.UNKNOWN else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        items = value.list_value.values
        return [_plain(item, (*path, index), secrets) for index, item in enumerate(items)]
    if kind == "struct_value":
        return _plain_struct(value, path, secrets)
    return None


def _plain_struct(value: Value, path: SecretPath, secrets: set[SecretPath]) -> Any:
    fields = value.struct_value.fields
    signature = _signature(value)
    if signature == SECRET:
        secrets.add(path)
        return _plain(fields["value"], path, secrets)
    if signature == OUTPUT:
        return _plain_output(value, path, secrets)
    if signature == RESOURCE:
        return {"resource": fields["urn"].string_value}
    members = {
        key: _plain(member, (*path, key), secrets) for key, member in fields.items() if key != SIGNATURE
    }
    if signature == ASSET:
        return {"asset": members}
    if signature == ARCHIVE:
        return {"archive": members}
    return members


def _plain_output(value: Value, path: SecretPath, secrets: set[SecretPath]) -> Any:
    fields = value.struct_value.fields
    if "secret" in fields and fields["secret"].bool_value:
        secrets.add(path)
    return _plain(fields["value"], path, secrets) if "value" in fields else UNKNOWN


def _signature(value: Value) -> str | None:
    # An absent key must not be indexed: protobuf maps create what they are asked for.
    if value.WhichOneof("kind") != "struct_value" or SIGNATURE not in value.struct_value.fields:
        return None
    return value.struct_value.fields[SIGNATURE].string_value

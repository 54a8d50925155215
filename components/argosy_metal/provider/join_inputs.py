"""A Machine's input `join`: its part in the hall's own cluster, checked, as the hall's service takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.provider.properties import STRING, STRINGS, WireType
from argosy_metal.provider.values import Unknown
from argosy_metal.provisioning.join import RefusedJoinError, parse_join

JOIN_TYPE = "baremetal:index:Join"
_NAMES: Mapping[str, str] = {
    "role": "role",
    "nodeName": "node_name",
    "endpoint": "endpoint",
    "kubernetesVersion": "kubernetes_version",
    "podCidr": "pod_cidr",
    "serviceCidr": "service_cidr",
    "controlPlane": "control_plane",
}
"""Name on the wire to the name in an offer. All of them are needed."""
JOIN_SCHEMA: WireType = {
    "type": "object",
    "properties": {name: STRINGS if name == "controlPlane" else STRING for name in sorted(_NAMES)},
    "required": sorted(_NAMES),
}


def check_join(value: Any) -> str | None:
    """What is wrong with it; values that are not known yet pass."""
    if not isinstance(value, dict):
        return f"given {type(value).__name__}; expected an object"
    given = cast("dict[str, Any]", value)
    unknown = sorted(set(given) - set(_NAMES))
    if unknown:
        return f"there is no {', '.join(unknown)}; expected {', '.join(_NAMES)}"
    if any(isinstance(part, Unknown) for part in given.values()):
        return None
    try:
        parse_join(offered_join(given))
    except RefusedJoinError as error:
        return _in_wire_names(str(error))
    return None


def offered_join(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As the hall's provisioning service takes it."""
    return None if value is None else {_NAMES[name]: part for name, part in sorted(value.items())}


def _in_wire_names(text: str) -> str:
    for wire, offered in _NAMES.items():
        text = text.replace(offered, wire)
    return text

"""What a `Machine` takes: its properties, their rules, and what they mean to the lifecycle. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from argosy.spec.secrets import REFERENCE_FORMS, REFERENCE_PATTERN
from argosy_metal.bootable import bootable_kinds
from argosy_metal.lifecycle import BootMethod, Image, ImageKind, UserData, Wanted, Wipe, WipePolicy
from argosy_metal.provider.checks import Failure, Rule, check_inputs, flag, text, unshown_text
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.join_inputs import JOIN_SCHEMA, JOIN_TYPE, check_join, offered_join
from argosy_metal.provider.properties import BOOLEAN, STRING, Input, Output, Properties, mapping_of, reference
from argosy_metal.provider.resource import Change
from argosy_metal.provider.values import Unknown
from argosy_metal.root_device_hints import hint_faults

_SHA256 = text(r"[0-9a-f]{64}", "64 lower-case hex digits")


def _one_of(*words: str) -> Rule:
    return text("|".join(words), f"one of {', '.join(words)}")


_PARTS: Mapping[str, tuple[Mapping[str, Rule], Mapping[str, Rule]]] = {
    "image": (
        {
            "url": unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
            "sha256": _SHA256,
        },
        {"kind": _one_of(*ImageKind)},
    ),
    "boot": ({"method": _one_of(*BootMethod)}, {}),
    "userData": (
        {
            "ref": unshown_text(REFERENCE_PATTERN, f"{REFERENCE_FORMS}, never the content"),
            "sha256": _SHA256,
        },
        {},
    ),
    "wipe": (
        {"policy": _one_of(*WipePolicy)},
        {"method": _one_of("BlockErase", "CryptographicErase", "Overwrite")},
    ),
}
"""Input that is an object to the rules of what it must and what it may have."""


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else f"given {type(value).__name__}; expected an object"


def _labels(value: Any) -> str | None:
    labels = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    if labels is None or not all(isinstance(label, (str, Unknown)) for label in labels.values()):
        return f"given {value!r}; expected text by name"
    return None


def _type_name(part: str) -> str:
    return f"baremetal:index:{part[0].upper()}{part[1:]}"


PROPERTIES = Properties(
    description="What runs on a claimed server.",
    inputs={
        "serverId": Input(
            "The claim's `serverId`.",
            text(r"[^\s/]+/[^\s/]+", "`site/serial`, as a ServerClaim gives it"),
            on_change=Change.REPLACE,
        ),
        "image": Input("The operating-system image to install.", _object, reference(_type_name("image"))),
        "boot": Input(
            "How the installer reaches the server, virtual media unless it says otherwise. A change takes"
            " effect with the next installation.",
            _object,
            reference(_type_name("boot")),
            required=False,
        ),
        "rootDeviceHints": Input(
            "Which drive gets the system: Ironic's keys and operators.",
            _object,
            mapping_of(STRING),
            required=False,
            on_change=Change.REPLACE,
        ),
        "userData": Input(
            "What the installed system is given (cloud-init): a reference to it and its digest. The content"
            " is never in the state.",
            _object,
            reference(_type_name("userData")),
            required=False,
        ),
        "wipe": Input(
            "What becomes of the drives when the machine is taken down; nothing unless it says so.",
            _object,
            reference(_type_name("wipe")),
            required=False,
        ),
        "labels": Input("Your own words about the machine.", _labels, mapping_of(STRING), required=False),
        "join": Input(
            "Its part in the hall's own cluster. A change takes effect with the next installation.",
            check_join,
            reference(JOIN_TYPE),
            required=False,
        ),
        "layoutDigest": Input(
            "The StorageLayout's `layoutDigest`: other volumes need another machine.",
            text(r"[0-9a-f]+", "what a StorageLayout gives as `layoutDigest`"),
            required=False,
            on_change=Change.REPLACE,
        ),
        "online": Input("Whether the machine is powered on.", flag, BOOLEAN, required=False, default=True),
    },
    outputs={
        "phase": Output("How far the machine has come; `running` at the end."),
        "imageDigest": Output("`sha256:…` of the image that runs."),
        "installId": Output("Names the installation; it changes with every one."),
        "bootId": Output("What the installed system reported as its boot."),
        "power": Output("Redfish's PowerState as last seen."),
    },
    types={
        _type_name(part): {
            "type": "object",
            "properties": dict.fromkeys(sorted({*required, *optional}), STRING),
            "required": sorted(required),
        }
        for part, (required, optional) in _PARTS.items()
    }
    | {JOIN_TYPE: JOIN_SCHEMA},
)
OBSERVED = tuple(PROPERTIES.outputs)
"""Outputs that only a look at the server gives."""
_REPLACING = frozenset({"image.sha256", "userData.sha256"})


def check_machine(
    news: Mapping[str, Any], *, by_ironic: bool = False
) -> tuple[dict[str, Any], list[Failure]]:
    """The inputs with defaults filled in, and every failure. `by_ironic`: Ironic is the hall's engine."""
    inputs, found = PROPERTIES.check(news)
    failures = list(found)
    for part, (required, optional) in _PARTS.items():
        value = inputs.get(part)
        if isinstance(value, dict):
            failures += check_inputs(cast("dict[str, Any]", value), required, optional, prefix=f"{part}.")
    hints = inputs.get("rootDeviceHints")
    if isinstance(hints, dict):
        given = cast("dict[str, Any]", hints)
        known = {key: hint for key, hint in given.items() if not isinstance(hint, Unknown)}
        failures += [(f"rootDeviceHints.{key}", reason) for key, reason in hint_faults(known)]
    if not failures:
        failures += _impossible(inputs, by_ironic=by_ironic)
    return inputs, sorted(failures)


def _impossible(inputs: Mapping[str, Any], *, by_ironic: bool) -> list[Failure]:
    """What is well-formed and cannot work together."""
    failures: list[Failure] = []
    method, kind = (
        _part(inputs, "boot", "method", BootMethod.VIRTUAL_MEDIA),
        _part(inputs, "image", "kind", ImageKind.ISO),
    )
    if not isinstance(method, Unknown) and not isinstance(kind, Unknown):
        kinds = bootable_kinds(method, by_ironic=by_ironic)
        if not kinds:
            failures.append(("boot.method", f"given {method!r}; engine ironic has virtualMedia only"))
        elif kind not in kinds:
            expected = ", ".join(kinds)
            failures.append(("image.kind", f"given {kind!r} for boot method {method}; expected {expected}"))
    if "method" in _given(inputs, "wipe") and _given(inputs, "wipe").get("policy") != WipePolicy.ERASE:
        failures.append(("wipe.method", "only `policy: erase` has a method"))
    return failures


def machine_changes(news: Mapping[str, Any], olds: Mapping[str, Any]) -> dict[str, Change]:
    """What changed inside the inputs that are objects, by path, and what that leads to."""
    changes: dict[str, Change] = {}
    for part, (required, optional) in _PARTS.items():
        new, old = _given(news, part), _given(olds, part)
        unknown = isinstance(news.get(part), Unknown)
        for name in sorted({*required, *optional}):
            if unknown or new.get(name) != old.get(name):
                path = f"{part}.{name}"
                changes[path] = Change.REPLACE if path in _REPLACING else Change.UPDATE
    return changes


OBJECTS = tuple(_PARTS)
"""Inputs that `machine_changes` compares by their parts."""


def wanted_of(inputs: Mapping[str, Any], resolve: Callable[[str], bytes]) -> Wanted:
    """What the lifecycle is to bring up. `resolve` gives the content behind a reference when it is needed."""
    image, wipe, user_data = (_given(inputs, part) for part in ("image", "wipe", "userData"))
    return Wanted(
        image=Image(image["url"], image["sha256"], ImageKind(image.get("kind", ImageKind.ISO))),
        boot=BootMethod(_part(inputs, "boot", "method", BootMethod.VIRTUAL_MEDIA)),
        root_device_hints=inputs.get("rootDeviceHints", {}),
        user_data=_user_data(user_data, resolve) if user_data else None,
        wipe=Wipe(WipePolicy(wipe.get("policy", WipePolicy.NONE)), wipe.get("method")),
        join=offered_join(inputs.get("join")),
    )


def _user_data(given: Mapping[str, Any], resolve: Callable[[str], bytes]) -> UserData:
    reference, pinned = str(given["ref"]), str(given["sha256"])

    def read() -> bytes:
        content = resolve(reference)
        found = hashlib.sha256(content).hexdigest()
        if found != pinned:
            raise NotPossibleError(
                f"{reference}: its sha256 is {found}, and {pinned} is pinned; find out who changed it, then"
                " pin the digest that is meant"
            )
        return content

    return UserData(pinned, read)


def _given(inputs: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    value = inputs.get(part)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _part(inputs: Mapping[str, Any], part: str, name: str, default: str) -> Any:
    value = inputs.get(part)
    return value if isinstance(value, Unknown) else _given(inputs, part).get(name, default)

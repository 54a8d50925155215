"""The provider's input `claims`: where it is recorded who owns which server. References only, no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.provider.checks import SECRET_REFERENCE, Failure, Rule, check_inputs, text, unshown_text
from argosy_metal.provider.properties import INTEGER, STRING, WireType, reference
from argosy_metal.provider.values import Unknown

CLAIMS_TYPE = "baremetal:index:Claims"
_PATH = text(r"[^\s]+", "a path, relative to the project root or in full")
_NAME = text(r"[^\s]+", "a name")
_URL = unshown_text(r"https?://[^\s/@]+(/[^\s@]*)?", "a URL without an account")


def _port(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535:
        return None
    return f"given {value!r}; expected a port from 1 to 65535"


def _anything(_value: Any) -> str | None:
    return None


_RULES: Mapping[str, tuple[Mapping[str, Rule], Mapping[str, Rule]]] = {
    "sqlite": ({"path": _PATH}, {}),
    "postgresql": (
        {"host": _NAME, "database": _NAME, "user": _NAME, "passwordRef": SECRET_REFERENCE},
        {
            "port": _port,
            "sslmode": text("verify-full|verify-ca|disable", "verify-full, verify-ca or disable"),
            "caCertificate": _PATH,
        },
    ),
    "kubernetes": ({"kubeconfig": _PATH, "namespace": _NAME}, {"context": _NAME}),
    "ironic": (
        {"url": _URL, "journal": _anything},
        {"usernameRef": SECRET_REFERENCE, "passwordRef": SECRET_REFERENCE, "caCertificate": _PATH},
    ),
}
"""Backend to what it needs and what it takes."""
_NAMES = sorted({name for needed, taken in _RULES.values() for name in (*needed, *taken)})
CLAIMS_SCHEMA: WireType = {
    "type": "object",
    "description": "Where it is recorded who owns which server: a file, a database, a cluster, or an Ironic.",
    "properties": {
        "backend": STRING,
        **dict.fromkeys(_NAMES, STRING),
        "port": INTEGER,
        "journal": reference(CLAIMS_TYPE),
    },
    "required": ["backend"],
}


def check_claims(value: Any, at: str = "claims", backends: tuple[str, ...] = tuple(_RULES)) -> list[Failure]:
    """Every failure inside the input. What is not known yet passes."""
    if isinstance(value, Unknown):
        return []
    if not isinstance(value, dict):
        return [(at, f"given {type(value).__name__}; expected an object")]
    given = cast("Mapping[str, Any]", value)
    backend: Any = given.get("backend")
    if backend not in backends:
        return [(f"{at}.backend", f"given {backend!r}; expected {', '.join(backends)}")]
    needed, taken = _RULES[backend]
    own = {name: item for name, item in given.items() if name != "backend"}
    failures = check_inputs(own, needed, taken, prefix=f"{at}.")
    if "journal" in needed and "journal" in own:
        journals = tuple(name for name in backends if name != "ironic")
        failures += check_claims(own["journal"], f"{at}.journal", journals)
    return failures

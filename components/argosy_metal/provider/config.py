"""The provider's configuration: stable values only, so that nothing that varies between runs is in state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argosy_metal.provider.checks import Failure, text, unshown_text
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.properties import Input, Properties

_PATH = text(r"[^\s]+", "a path, relative to the project root")
CONFIG = Properties(
    description="Bare-metal servers over Redfish: claim, configure, install, join, release.",
    inputs={
        "claimsPath": Input("Claims file, relative to the project root.", _PATH),
        "phoneHome": Input(
            "Where installed machines report, an https URL.",
            unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
        ),
        "caCertificate": Input("PEM file of the authority of the BMCs' certificates.", _PATH, required=False),
        "simulatorDirectory": Input(
            "Folder of the running simulator, for simulated halls.", _PATH, required=False
        ),
    },
)
"""One hall, as the provider is told about it."""
# The SDK adds its own version; the engine keeps these two for itself.
_ENGINES_OWN = frozenset({"version", "pluginDownloadURL"})


@dataclass(frozen=True)
class HallConfig:
    """Where a hall's claims, provisioning service and authority are found."""

    claims_path: Path
    phone_home: str
    ca_certificate: Path | None
    simulator_directory: Path | None
    root: Path
    """The project root, which relative paths and credential references start from."""


def check_config(inputs: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with the provider's configuration."""
    own = {name: value for name, value in inputs.items() if name not in _ENGINES_OWN}
    failures = list(CONFIG.check(own)[1])
    if "caCertificate" not in own and "simulatorDirectory" not in own:
        failures.append(("caCertificate", "it is required, or the BMCs could not be trusted"))
    return failures


def hall_config(inputs: Mapping[str, Any], root: Path) -> HallConfig:
    """The configuration with its paths made absolute. Takes inputs that `check_config` has accepted."""
    authority, simulator = inputs.get("caCertificate"), inputs.get("simulatorDirectory")
    return HallConfig(
        claims_path=root / inputs["claimsPath"],
        phone_home=inputs["phoneHome"],
        ca_certificate=root / authority if authority else None,
        simulator_directory=root / simulator if simulator else None,
        root=root,
    )


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a Pulumi.yaml.

    Raises NotPossibleError if there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise NotPossibleError(f"no Pulumi.yaml at or above {start}; run inside the project")

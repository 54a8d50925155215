"""The provider's configuration: stable values only, so that nothing that varies between runs is in state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argosy_metal.budgets import BudgetLimits
from argosy_metal.provider.budget_config import BUDGETS_SCHEMA, BUDGETS_TYPE, budget_limits, check_budgets
from argosy_metal.provider.checks import SECRET_REFERENCE, Failure, text, unshown_text
from argosy_metal.provider.claims_config import CLAIMS_SCHEMA, CLAIMS_TYPE, check_claims
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.ironic_config import (
    IRONIC_SCHEMA,
    IRONIC_TYPE,
    IronicConfig,
    check_ironic,
    ironic_config,
)
from argosy_metal.provider.properties import Input, Properties, reference

_PATH = text(r"[^\s]+", "a path, relative to the project root")
CONFIG = Properties(
    description="Bare-metal servers over Redfish: claim, configure, install, join, release.",
    inputs={
        "claims": Input(
            "Where it is recorded who owns which server.", lambda _value: None, reference(CLAIMS_TYPE)
        ),
        "phoneHome": Input(
            "Where installed machines report, an https URL.",
            unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
        ),
        "caCertificate": Input("PEM file of the authority of the BMCs' certificates.", _PATH, required=False),
        "simulatorDirectory": Input(
            "Folder of the running simulator, for simulated halls.", _PATH, required=False
        ),
        "provisioning": Input(
            "Where installers ask what they are to do, an https URL; needed for user data, root device hints"
            " and PXE.",
            unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "an https URL without an account"),
            required=False,
        ),
        "provisioningTokenRef": Input(
            "Reference to the token that lets Argosy offer to installers: env:NAME or file:PATH.",
            SECRET_REFERENCE,
            required=False,
        ),
        "budgets": Input(
            "How much may happen at once in the hall.",
            lambda _value: None,
            reference(BUDGETS_TYPE),
            required=False,
        ),
        "ironic": Input(
            "The hall's Ironic, where it is the engine; left out: Redfish is.",
            lambda _value: None,
            reference(IRONIC_TYPE),
            required=False,
        ),
    },
    types={BUDGETS_TYPE: BUDGETS_SCHEMA, CLAIMS_TYPE: CLAIMS_SCHEMA, IRONIC_TYPE: IRONIC_SCHEMA},
)
"""One hall, as the provider is told about it."""
# The SDK adds its own version; the engine keeps these two for itself.
_ENGINES_OWN = frozenset({"version", "pluginDownloadURL"})


@dataclass(frozen=True)
class HallConfig:
    """Where a hall's claims, provisioning service and authority are found."""

    claims: Mapping[str, Any]
    """What `open_claims` takes."""
    phone_home: str
    ca_certificate: Path | None
    simulator_directory: Path | None
    root: Path
    """The project root, which relative paths and credential references start from."""
    provisioning: str | None = None
    """Where installers ask what they are to do."""
    provisioning_token_ref: str | None = None
    budgets: BudgetLimits = field(default_factory=BudgetLimits)
    ironic: IronicConfig | None = None
    """The engine; None: Redfish is."""


def check_config(inputs: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with the provider's configuration."""
    own = {name: value for name, value in inputs.items() if name not in _ENGINES_OWN}
    failures = list(CONFIG.check(own)[1])
    if ("provisioning" in own) != ("provisioningTokenRef" in own):
        failures.append(("provisioning", "give it together with provisioningTokenRef, or neither"))
    if "claims" in own:
        failures += check_claims(own["claims"])
    if "budgets" in own:
        failures += check_budgets(own["budgets"])
    if "ironic" in own:
        failures += check_ironic(own["ironic"])
    return failures


def hall_config(inputs: Mapping[str, Any], root: Path) -> HallConfig:
    """The configuration with its paths made absolute. Takes inputs that `check_config` has accepted."""
    authority, simulator = inputs.get("caCertificate"), inputs.get("simulatorDirectory")
    return HallConfig(
        claims=inputs["claims"],
        phone_home=inputs["phoneHome"],
        ca_certificate=root / authority if authority else None,
        simulator_directory=root / simulator if simulator else None,
        root=root,
        provisioning=inputs.get("provisioning"),
        provisioning_token_ref=inputs.get("provisioningTokenRef"),
        budgets=budget_limits(inputs.get("budgets")),
        ironic=ironic_config(inputs.get("ironic"), root),
    )


def project_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a Pulumi.yaml.

    Raises NotPossibleError if there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise NotPossibleError(f"no Pulumi.yaml at or above {start}; run inside the project")

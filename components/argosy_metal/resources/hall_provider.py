"""`BareMetalProvider`: one hall, as the resources reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from argosy_metal.resources.base import wire_name


class BareMetalProvider(pulumi.ProviderResource):
    """One hall: where its claims are kept, where its machines report, whom its BMCs' certificates come from.

    A relative path counts from the project root. `claims` names a backend and has the wire's names, e.g.
    `{"backend": "sqlite", "path": "claims.sqlite"}`; secrets are references. `simulator_directory` is given
    for simulated halls only. `provisioning` is the hall's own service (`argosy metal provision`).
    `budgets` has the wire's names, as `argosy_metal.settings.budgets.budget_inputs` gives them.
    `ironic` makes Ironic the engine; `argosy_metal.settings.engine.ironic_inputs` gives it.
    """

    def __init__(
        self,
        name: str,
        *,
        claims: Mapping[str, Any],
        phone_home: str,
        ca_certificate: str | None = None,
        simulator_directory: str | None = None,
        provisioning: str | None = None,
        provisioning_token_ref: str | None = None,
        budgets: Mapping[str, Any] | None = None,
        ironic: Mapping[str, Any] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "claims": claims,
            "phone_home": phone_home,
            "ca_certificate": ca_certificate,
            "simulator_directory": simulator_directory,
            "provisioning": provisioning,
            "provisioning_token_ref": provisioning_token_ref,
            "budgets": budgets,
            "ironic": ironic,
        }
        given = {wire_name(key): value for key, value in properties.items() if value is not None}
        super().__init__("baremetal", name, given, opts)

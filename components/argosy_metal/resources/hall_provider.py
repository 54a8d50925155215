"""`BareMetalProvider`: one hall, as the resources reach it."""

from __future__ import annotations

import pulumi

from argosy_metal.resources.base import wire_name


class BareMetalProvider(pulumi.ProviderResource):
    """One hall: where its claims are kept, where its machines report, whom its BMCs' certificates come from.

    A relative path counts from the project root. `simulator_directory` is given for simulated halls only.
    """

    def __init__(
        self,
        name: str,
        *,
        claims_path: str,
        phone_home: str,
        ca_certificate: str | None = None,
        simulator_directory: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "claims_path": claims_path,
            "phone_home": phone_home,
            "ca_certificate": ca_certificate,
            "simulator_directory": simulator_directory,
        }
        given = {wire_name(key): value for key, value in properties.items() if value is not None}
        super().__init__("baremetal", name, given, opts)

"""The provider's resources as a Pulumi program declares them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


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
            "claimsPath": claims_path,
            "phoneHome": phone_home,
            "caCertificate": ca_certificate,
            "simulatorDirectory": simulator_directory,
        }
        given = {key: value for key, value in properties.items() if value is not None}
        super().__init__("baremetal", name, given, opts)


class ServerClaim(pulumi.CustomResource):
    """A server that this stack owns. The claims store grants it, or refuses and names the owner."""

    site: pulumi.Output[str]
    serial: pulumi.Output[str]
    server_id: pulumi.Output[str]
    """`site/serial`."""
    generation: pulumi.Output[int]
    """Counts how often the server was claimed."""

    def __init__(
        self,
        name: str,
        *,
        site: pulumi.Input[str],
        serial: pulumi.Input[str],
        slot: pulumi.Input[str],
        bmc: pulumi.Input[str],
        rack: pulumi.Input[str],
        feeds: pulumi.Input[Sequence[pulumi.Input[str]]],
        username_ref: pulumi.Input[str],
        password_ref: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "site": site,
            "serial": serial,
            "slot": slot,
            "bmc": bmc,
            "rack": rack,
            "feeds": feeds,
            "username_ref": username_ref,
            "password_ref": password_ref,
            "generation": None,
        }
        super().__init__("baremetal:index:ServerClaim", name, properties, _one_at_a_time(opts))
        # Of the claim's own inputs, so that it is known in every preview, and depends on the claim.
        self.server_id = pulumi.Output.concat(self.site, "/", self.serial)

    def translate_input_property(self, prop: str) -> str:
        """The wire's name of an attribute."""
        return _WIRE_NAMES.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        """The attribute of a wire name."""
        return _ATTRIBUTES.get(prop, prop)


class Machine(pulumi.CustomResource):
    """What runs on a claimed server. A changed image replaces it on the same server."""

    phase: pulumi.Output[str]
    """How far it has come; `running` at the end."""
    image_digest: pulumi.Output[str]
    """`sha256:…` of what runs."""
    install_id: pulumi.Output[str]
    """Names the installation; it changes with every one."""
    boot_id: pulumi.Output[str]
    """What the installed system reported as its boot."""
    power: pulumi.Output[str]
    """Redfish's PowerState as last seen."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        image_url: pulumi.Input[str],
        image_sha256: pulumi.Input[str],
        online: pulumi.Input[bool] = True,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "server_id": server_id,
            "image": {"url": image_url, "sha256": image_sha256},
            "online": online,
            **dict.fromkeys(("phase", "image_digest", "install_id", "boot_id", "power")),
        }
        super().__init__("baremetal:index:Machine", name, properties, _one_at_a_time(opts))

    def translate_input_property(self, prop: str) -> str:
        """The wire's name of an attribute."""
        return _WIRE_NAMES.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        """The attribute of a wire name."""
        return _ATTRIBUTES.get(prop, prop)


_ATTRIBUTES = {
    "serverId": "server_id",
    "usernameRef": "username_ref",
    "passwordRef": "password_ref",
    "imageDigest": "image_digest",
    "installId": "install_id",
    "bootId": "boot_id",
}
_WIRE_NAMES = {attribute: name for name, attribute in _ATTRIBUTES.items()}


def _one_at_a_time(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """A server exists once, so whatever stands for it is deleted before it is replaced."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True))

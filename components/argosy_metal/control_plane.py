"""`MetalControlPlane`: the servers of a hall's own control plane, claimed and installed."""

from __future__ import annotations

import pulumi

from argosy_component.contract import ServerPlan
from argosy_metal.declared import dependency_on
from argosy_metal.hall_plan import CONTROL_PLANE, join_of
from argosy_metal.machines import Installed, declare_machine
from argosy_metal.provisioning.join import Role
from argosy_metal.server_parts import ServerParts
from argosy_metal.settings import HallSettings
from argosy_metal.settings.cluster import BootstrapSettings


class MetalControlPlane(pulumi.ComponentResource):
    """Machines that the hall's service makes the control plane of a cluster. Workers come after all of them.

    So their nodes are also drained, and taken down, before any of these.
    """

    machines: tuple[pulumi.Output[pulumi.Resource], ...]
    """What workers depend on."""

    def __init__(
        self,
        site: str,
        servers: tuple[ServerPlan, ...],
        hall: HallSettings,
        bootstrap: BootstrapSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("argosy:index:MetalControlPlane", f"{site}-{CONTROL_PLANE}", {}, opts)
        self._site = site
        self._hall = hall
        self._bootstrap = bootstrap
        self.machines = tuple(self._declare(server) for server in servers)
        self.register_outputs({"machines": len(servers)})

    def _declare(self, server: ServerPlan) -> pulumi.Output[pulumi.Resource]:
        parts = ServerParts(self._site, CONTROL_PLANE, server, self)
        image = self._bootstrap.image
        installed = Installed(
            image_url=image.url,
            image_sha256=image.sha256,
            install=self._bootstrap.install,
            wipe=self._bootstrap.wipe,
            join=join_of(self._hall, server.serial, Role.CONTROL_PLANE),
        )
        machine = declare_machine(parts, parts.claim(None), installed)
        return dependency_on(machine, parts.name, self)

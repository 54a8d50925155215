"""What the fleet learns of bare metal before anything is declared. Importing this imports no SDK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from argosy.providers import Capability

if TYPE_CHECKING:
    import pulumi

    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy_component.contract import Site, SitePlan


class MetalProvider:
    """Halls of servers that no cloud runs; keeps `argosy_component.contract.SiteProvider`."""

    name = "metal"
    capabilities = frozenset({Capability.OWNED, Capability.INFINIBAND, Capability.ROCE})

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        """What could not be provisioned in `site`."""
        from argosy_metal.refusals import refuse

        return refuse(site, fleet, catalog)

    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        """Declare the hall under one `MetalSite`. Imports the SDK."""
        from argosy_metal.site import declare_metal_site

        return declare_metal_site(plan, opts)

    def declare_links(self, site: Site, peers: Sequence[Site]) -> None:
        """Declares nothing: a hall's uplinks are there already, and the fleet file names them."""


PROVIDER = MetalProvider()

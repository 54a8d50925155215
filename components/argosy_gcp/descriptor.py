"""What the fleet learns of Google Cloud before anything is declared. Importing this imports no SDK."""

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


class GcpProvider:
    """Sites in Google Cloud regions; keeps `argosy_component.contract.SiteProvider`."""

    name = "gcp"
    capabilities = frozenset(
        {
            Capability.RESERVED,
            Capability.ON_DEMAND,
            Capability.SPOT,
            Capability.FLEX,
            Capability.GPUDIRECT_TCPX,
            Capability.GPUDIRECT_TCPXO,
            Capability.ROCE,
        }
    )

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        """What Google Cloud would reject about `site`."""
        from argosy_gcp.refusals import refuse

        return refuse(site, fleet, catalog)

    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        """Declare the site under one `GcpSite`. Imports the SDK."""
        from argosy_gcp.site import declare_gcp_site

        return declare_gcp_site(plan, opts)

    def declare_links(self, site: Site, peers: Sequence[Site]) -> None:
        """Nothing joins a Google Cloud site to its peers yet."""


PROVIDER = GcpProvider()

"""What the fleet learns of AWS before anything is declared. Importing this imports no SDK."""

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


class AwsProvider:
    """Sites in AWS regions; keeps `argosy_component.contract.SiteProvider`."""

    name = "aws"
    capabilities = frozenset(
        {Capability.RESERVED, Capability.BLOCK, Capability.ON_DEMAND, Capability.SPOT, Capability.EFA}
    )

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        """What AWS would reject about `site`."""
        from argosy_aws.refusals import refuse

        return refuse(site, fleet, catalog)

    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        """Declare the site under one `AwsSite`. Imports the SDK."""
        from argosy_aws.site import declare_aws_site

        return declare_aws_site(plan, opts)

    def declare_links(self, site: Site, peers: Sequence[Site]) -> None:
        """Declare what joins the site to its peers: copies of what its buckets hold."""
        from argosy_aws.site import declare_aws_links

        declare_aws_links(site, peers)


PROVIDER = AwsProvider()

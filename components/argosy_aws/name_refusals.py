"""Names of an AWS site that with the site's own read like those of another. Imports no SDK.

Of pools, which every provider has, `argosy.resolve` says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from argosy.errors import Fault
from argosy.spec.alike import read_alike
from argosy.spec.loader import LoadedFleet
from argosy_aws.settings import AwsSiteSettings

_PROVIDER = "aws"


def refuse_names_alike(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """Buckets, file systems and halls of the site that read like one of an AWS site that comes earlier."""
    for field in ("buckets", "lustre", "halls"):
        sites = [name for name, spec in fleet.spec.sites.items() if spec.provider == _PROVIDER]
        pairs = [(name, thing) for name in sites for thing in _named(fleet, name, field)]
        for (owner, thing), (other, others) in read_alike(pairs):
            if owner == site:
                yield fleet.fault(
                    f"sites.{site}.settings.{field}.{thing}",
                    given=f"{thing!r}, which with its site reads {site}-{thing}, like {others} of {other}",
                    expected="a name that no other reads like, since resources bear that of the site with it",
                    fix="rename one of the sites" if field == "halls" else "rename it",
                )


def _named(fleet: LoadedFleet, site: str, field: str) -> Mapping[str, object]:
    return getattr(fleet.site_settings(site, AwsSiteSettings), field)

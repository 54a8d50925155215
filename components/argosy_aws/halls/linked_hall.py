"""A hall that an AWS site names, as the rules about it see it."""

from __future__ import annotations

from dataclasses import dataclass

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy_aws.settings import HallSettings


@dataclass(frozen=True)
class LinkedHall:
    """A hall in the settings of a site, with what rules look at."""

    fleet: LoadedFleet
    site: str
    site_spec: CloudSiteSpec
    name: str
    hall: HallSettings

    @property
    def spec(self) -> HallSpec | None:
        """The hall itself; None where the fleet has no hall of that name."""
        spec = self.fleet.spec.sites.get(self.name)
        return spec if isinstance(spec, HallSpec) else None

    def fault(self, field: str, *, given: str, expected: str, fix: str) -> Fault:
        """A fault in one field of the hall's settings, or in all of them where `field` is empty."""
        path = f"sites.{self.site}.settings.halls.{self.name}"
        return self.fleet.fault(f"{path}.{field}" if field else path, given=given, expected=expected, fix=fix)

"""How far the power of a hall may reach: far beyond what is built, and little enough to try every failure.

How many feeds and units there may be follows from how much one file may hold (`argosy.spec.composer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.site_facts.graph import levels
from argosy.spec.power import node_path, power_graph

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import HallSpec

MOST_ABOVE = 64
"""What one feed, unit or rack hangs on directly."""
MOST_LEVELS = 32
"""Feeds and units on one way up."""


def check_breadth(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """Faults of what hangs on more at once than is built, whether or not the names are right."""
    at = f"sites.{site}.power"
    written = [
        *((f"{at}.feeds[{place}].parents", feed.parents) for place, feed in enumerate(hall.power.feeds)),
        *((f"{at}.units[{place}].parents", unit.parents) for place, unit in enumerate(hall.power.units)),
        *((f"{at}.racks.{rack}", units) for rack, units in hall.power.racks.items()),
    ]
    for path, above in written:
        if len(above) > MOST_ABOVE:
            yield fleet.fault(
                path,
                given=f"{len(above):,} feeds and units",
                expected=f"at most {MOST_ABOVE}, on which one thing hangs directly",
                fix="name those that it is wired to, and leave out what stands above them",
            )


def check_levels(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """A fault if a way up is longer than any that is built. The hall's names must be right, and no circle."""
    found = levels(power_graph(hall))
    highest = max(found, key=lambda name: found[name])
    if found[highest] > MOST_LEVELS:
        yield fleet.fault(
            f"{node_path(site, hall, highest)}.parents",
            given=f"a way up of {found[highest]:,} feeds and units",
            expected=f"at most {MOST_LEVELS}",
            fix="leave out units that fail only together with what they hang on",
        )

"""Where a hall's own files may lie, so that every computer finds them and none lies where git keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from argosy.spec.claims_checks import check_claims
from argosy.spec.path_words import LEAVINGS, wrong_below_project
from argosy.spec.words import shown_text

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import HallSpec


def check_paths(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """Faults of the paths of one hall, the inventory's excepted, which was read by then."""
    yield from check_claims(fleet, f"sites.{site}.claims", hall.claims)
    if hall.ca_certificate is not None and (wrong := wrong_below_project(hall.ca_certificate)):
        yield fleet.fault(
            f"sites.{site}.ca_certificate",
            given=f"{shown_text(hall.ca_certificate)}, which {wrong}",
            expected="the path of a file below the project's root, the same on every computer",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/bmc-ca.pem",
        )
    if hall.simulator is not None:
        yield from _check_simulator(fleet, f"sites.{site}.simulator.directory", hall.simulator.directory)


def _check_simulator(fleet: LoadedFleet, at: str, path: str) -> Iterator[Fault]:
    parts = PurePosixPath(path).parts
    ignored = len(parts) > 1 and parts[0] == LEAVINGS
    wrong = wrong_below_project(path) or (None if ignored else "git may not ignore")
    if wrong:
        yield fleet.fault(
            at,
            given=f"{shown_text(path)}, which {wrong}",
            expected=f"a folder below {LEAVINGS}/, since passwords and keys come to lie there",
            fix=f"write {LEAVINGS}/{fleet.name}/simulator",
        )

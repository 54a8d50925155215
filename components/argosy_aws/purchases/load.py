"""Reads a purchase file: all of it is sound, or every fault is raised at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from argosy.catalog import Catalog
from argosy.errors import FleetError
from argosy.spec.named_files import load_file
from argosy.spec.places import Places
from argosy_aws.purchases.checks import check_purchases
from argosy_aws.purchases.models import PurchaseSpec


@dataclass(frozen=True)
class LoadedPurchases:
    """A purchase file without a fault."""

    spec: PurchaseSpec
    places: Places
    """Where everything stands in it."""


def load_purchases(path: Path, catalog: Catalog) -> LoadedPurchases:
    """The purchases of a file, within its budget and what AWS sells.

    Raises FleetError with every fault, each with file, line and path. No clock is asked, so whether a block
    starts in the next eight weeks, as AWS demands, is AWS's to say.
    """
    loaded = load_file(PurchaseSpec, path, Path.cwd())
    if isinstance(loaded, list):
        raise FleetError(loaded)
    spec, places = loaded
    if faults := check_purchases(spec, places, catalog):
        raise FleetError(faults)
    return LoadedPurchases(spec, places)

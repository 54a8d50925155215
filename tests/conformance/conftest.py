"""One sample fleet per provider, beside this file, planned afresh for each test."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.planner.models import Lock
from argosy.planner.plan import plan_capacity
from argosy.spec.loader import LoadedFleet, load_spec
from argosy_component.fake import fake_catalog

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    fleet: LoadedFleet
    lock: Lock
    catalog: Catalog


@pytest.fixture
def sample() -> Callable[[str], Sample]:
    """`sample("aws")`: the fleet of `aws.yaml`, its lock, and the catalogue it was planned with."""

    def load(provider: str) -> Sample:
        fleet = load_spec(str(HERE / f"{provider}.yaml"))
        catalog = fake_catalog(load_catalog())
        return Sample(fleet, plan_capacity(fleet, catalog, None), catalog)

    return load

"""The world of the planner's tests: fleets built in the words of the fleet file, without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.planner.build import build_problem
from argosy.planner.contingencies import Scenario, enumerate_scenarios
from argosy.planner.models import Lock
from argosy.planner.plan import plan_capacity
from argosy.planner.problem import Case, Problem
from argosy.planner.verify import verify_plan
from argosy.spec.inventory import InventorySpec
from argosy.spec.loader import LoadedFleet, meaning_sha256
from argosy.spec.models import FleetSpec

Plain = dict[str, Any]

FIBRE = {"name": "fibre-1", "kind": "fibre", "mbps": 100_000, "rtt_ms": 18, "carrier": "north"}
SKY = {"name": "sky-1", "kind": "leo", "mbps": 200, "rtt_ms": 45, "carrier": "sky"}


class World:
    """A fleet under construction."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.sites: Plain = {}
        self.inventories: dict[str, InventorySpec] = {}
        self.training: list[Plain] = []
        self.inference: list[Plain] = []
        self.survivals: list[Plain] = []
        self.max_share: str | None = None
        self.more: Plain = {}
        """More keys at the top level of the fleet file."""
        self.path = Path("stacks/fleets/test.yaml")

    def cloud(self, name: str, provider: str = "aws", site: Plain | None = None, **pools: Plain) -> Self:
        """A cloud's site whose pools are on demand unless they say otherwise; `site`: more of its keys."""
        on_demand = {"capacity": {"type": "on-demand"}}
        node_pools = {pool: on_demand | plain for pool, plain in pools.items()}
        plain = {"provider": provider, "region": "somewhere-1", "node_pools": node_pools}
        self.sites[name] = plain | (site or {})
        return self

    def hall(
        self,
        name: str,
        servers: int | Sequence[Plain] = 4,
        feed_kw: Mapping[str, int] | None = None,
        uplinks: Sequence[Plain] = (FIBRE, SKY),
        pue: str = "1.2",
        site: Plain | None = None,
        **pools: Plain,
    ) -> Self:
        """A hall whose servers stand two to a rack, on both feeds, unless they are given."""
        feeds = {"a": 1000, "b": 1000} if feed_kw is None else feed_kw
        self.sites[name] = {
            "provider": "metal",
            "inventory": f"inventories/{name}.yaml",
            "power": {"feeds": [{"name": f, "rated_kw": kw} for f, kw in feeds.items()], "pue": Decimal(pue)},
            "uplinks": uplinks,
            "claims": {"path": "claims.sqlite"},
            "phone_home": "https://provision.example",
            "node_pools": pools,
        } | (site or {})
        listed = servers if not isinstance(servers, int) else _servers(name, servers)
        self.inventories[name] = InventorySpec.model_validate(
            {
                "version": 1,
                "site": name,
                "server_type": "dgx-h200",
                "credentials": {"username": "env:BMC_USERNAME", "password": "env:BMC_PASSWORD"},
                "servers": listed,
            }
        )
        return self

    def train(
        self, name: str, nodes: int, *accelerator: str, protected: bool = False, **more: object
    ) -> Self:
        chosen = accelerator or ("H200",)
        job = {"name": name, "nodes": nodes, "protected": protected, "accelerator": chosen}
        self.training.append(job | more)
        return self

    def serve(self, name: str, nodes: int | None, *accelerator: str, **more: object) -> Self:
        service = {"name": name, "nodes": nodes, "accelerator": accelerator or ("H200",)}
        self.inference.append(service | more)
        return self

    def survive(
        self,
        lose: str,
        inference: str = "0",
        training: str = "0",
        within: str = "0",
        **workloads: str,
    ) -> Self:
        floors = {name: Decimal(share) for name, share in workloads.items()}
        keep = {"inference": Decimal(inference), "training": Decimal(training), "workloads": floors}
        self.survivals.append({"lose": lose, "keep": keep, "within": within})
        return self

    def fleet(self) -> LoadedFleet:
        spec = FleetSpec.model_validate(
            {
                "version": 1,
                "name": "test",
                "sites": self.sites,
                "demand": {"training": self.training, "inference": self.inference},
                "survive": self.survivals,
                "max_share": {"provider": Decimal(self.max_share)} if self.max_share else None,
            }
            | self.more
        )
        return LoadedFleet(
            name="test",
            path=self.path,
            root=self.path.parent.parent.parent,
            spec=spec,
            inventories=self.inventories,
            sha256=meaning_sha256(spec),
        )

    def plan(self, previous: Lock | None = None, *, fresh: bool = False) -> Lock:
        return plan_capacity(self.fleet(), self.catalog, previous, fresh=fresh)

    def verify(self, lock: Lock) -> None:
        verify_plan(self.fleet(), lock, self.catalog)

    def problem(self) -> Problem:
        return build_problem(self.fleet(), self.catalog)

    def cases(self) -> dict[str, Case]:
        """By id."""
        return {case.id: case for case in self.problem().cases}

    def scenarios(self) -> dict[str, Scenario]:
        """By id."""
        return {s.id: s for s in enumerate_scenarios(self.fleet())}


def _servers(hall: str, count: int) -> list[Plain]:
    return [
        {
            "serial": f"{hall.upper()}{n:03d}",
            "bmc": f"https://{hall}-{n}.example",
            "rack": f"r{n // 2 + 1}",
            "feeds": ["a", "b"],
        }
        for n in range(count)
    ]


@pytest.fixture(scope="session")
def world() -> Callable[[], World]:
    """Begins a new world."""
    catalog = load_catalog()
    return lambda: World(catalog)

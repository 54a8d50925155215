"""What a lock asks the providers to declare, in the order of its slots."""

from decimal import Decimal
from pathlib import Path

from argosy.catalog import load_catalog
from argosy.planner.plan import plan_capacity
from argosy.spec.inventory import InventorySpec
from argosy.spec.loader import LoadedFleet, meaning_sha256
from argosy.spec.models import FleetSpec
from argosy_component.site_plan import site_plans

SERVERS = 204


def fleet_of_one_pool() -> LoadedFleet:
    pool = {"role": "training", "server_type": "dgx-h200", "nodes": SERVERS // 2, "spares": SERVERS // 2}
    hall = {
        "provider": "metal",
        "inventory": "inventories/north.yaml",
        "power": {"feeds": [{"name": "a", "rated_kw": 5000}], "pue": Decimal("1.2")},
        "uplinks": [{"name": "fibre-1", "kind": "fibre", "mbps": 1, "rtt_ms": 1, "carrier": "c"}],
        "claims": {"path": "claims.sqlite"},
        "phone_home": "https://provision.example",
        "node_pools": {"train": pool},
    }
    spec = FleetSpec.model_validate({"version": 1, "name": "test", "sites": {"north": hall}})
    inventory = InventorySpec.model_validate(
        {
            "version": 1,
            "site": "north",
            "server_type": "dgx-h200",
            "credentials": {"username": "env:BMC_USERNAME", "password": "env:BMC_PASSWORD"},
            "servers": [
                {"serial": f"N{n}", "bmc": f"https://n{n}.example", "rack": f"r{n}", "feeds": ["a"]}
                for n in range(SERVERS)
            ],
        }
    )
    return LoadedFleet(
        name="test",
        path=Path("stacks/fleets/test.yaml"),
        root=Path(),
        spec=spec,
        inventories={"north": inventory},
        sha256=meaning_sha256(spec),
    )


def test_a_pool_over_a_hundred_is_declared_in_the_order_of_its_slots():
    fleet, catalog = fleet_of_one_pool(), load_catalog()
    [site] = site_plans(fleet, plan_capacity(fleet, catalog, previous=None), catalog)
    [pool] = site.node_pools

    numbers = range(1, SERVERS // 2 + 1)
    assert [f"slot-{n:02d}" for n in numbers] == [server.slot for server in pool.servers]
    assert [f"spare-{n:02d}" for n in numbers] == [server.slot for server in pool.spares]


def test_a_hall_owns_the_servers_of_a_pool_that_does_not_say_so():
    fleet, catalog = fleet_of_one_pool(), load_catalog()
    [site] = site_plans(fleet, plan_capacity(fleet, catalog, previous=None), catalog)

    assert ["owned"] == [pool.capacity_type for pool in site.node_pools]

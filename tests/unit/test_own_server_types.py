"""Server types that a fleet describes itself: what they say, and where it counts."""

import shutil
from pathlib import Path

import pytest

from argosy.catalog import catalog_of, load_catalog
from argosy.errors import ArgosyError
from argosy.planner.lock import load_lock, write_lock
from argosy.planner.plan import plan_capacity
from argosy.planner.verify import verify_plan
from argosy.providers import load_providers
from argosy.resolve import load_fleet, resolve
from argosy.spec.loader import LoadedFleet, load_spec
from argosy_component.site_plan import site_plans
from argosy_metal.commands.halls import simulator_of
from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.in_process import simulate
from argosy_metal.simulator.machine import PhoneHome
from argosy_metal.simulator.profiles import profile_of, simulated_vendor
from argosy_metal.simulator.service import Request

ROOT = Path(__file__).resolve().parents[2]
TYPES = """\
version: 1
server_types:
  - name: {name}
    vendor: {vendor}
    accelerator: H200
    accelerators: 4
    arch: x86_64
    fabric: none
    node_power_kw: {kw}
    power_supplies: {{count: 4, watts: 3000, needed: 2}}
    raid_volumes: false
    source: Order 4711
    as_of: 2026-11-20
    confidence: verified
"""


def lab(folder: Path, name: str = "lab-box", vendor: str = "dell", kw: str = "5.5", more: str = "") -> Path:
    """A project with one hall of servers of this type."""
    if not (folder / "inventories").exists():
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", folder / "inventories")
        inventory = folder / "inventories" / "hall.yaml"
        inventory.write_text(inventory.read_text().replace("dgx-h200", name))
    (folder / "Pulumi.yaml").write_text("name: lab\n")
    (folder / "types.yaml").write_text(TYPES.format(name=name, vendor=vendor, kw=kw))
    text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text().replace("dgx-h200", name)
    (folder / "metal.yaml").write_text(f"{text}server_types: types.yaml\n{more}")
    return folder / "metal.yaml"


def loaded(path: Path) -> LoadedFleet:
    return load_spec(str(path))


def test_a_fleet_that_describes_none_has_the_catalogue_as_it_is() -> None:
    assert load_catalog() is catalog_of(load_spec("local", ROOT))


def test_a_type_of_ones_own_is_one_of_the_catalogue_with_its_source_at_every_value(tmp_path: Path) -> None:
    catalog = catalog_of(loaded(lab(tmp_path)))

    mine = catalog.server_type("lab-box")

    assert (5500, 4, 2, ("owned",)) == (
        mine.node_power_watts,
        mine.accelerators,
        mine.power_supplies.spare if mine.power_supplies else None,
        mine.capacity_types,
    )
    assert mine.raid_volumes is False
    assert {("Order 4711", "verified")} == {(o.source, o.confidence) for o in mine.provenance.values()}
    assert set(load_catalog().server_types) < set(catalog.server_types)
    assert sorted(catalog.server_types) == list(catalog.server_types)


def test_a_type_of_ones_own_goes_before_the_catalogues_of_the_same_name(tmp_path: Path) -> None:
    fleet = loaded(lab(tmp_path, name="dgx-h200"))

    assert 4 == catalog_of(fleet).server_type("dgx-h200").accelerators
    assert 8 == load_catalog().server_type("dgx-h200").accelerators


def test_a_hall_of_servers_of_ones_own_type_is_planned_and_declared(tmp_path: Path) -> None:
    fleet, catalog = load_fleet(str(lab(tmp_path)))
    lock = plan_capacity(fleet, catalog, None)

    (plan,) = site_plans(fleet, lock, catalog)

    assert {("lab-box", 4, 700)} == {
        (pool.node_type.name, pool.node_type.accelerators, pool.accelerator_watts) for pool in plan.node_pools
    }


def test_the_same_hall_without_the_file_is_refused_with_what_would_do(tmp_path: Path) -> None:
    path = lab(tmp_path)
    path.write_text(path.read_text().replace("server_types: types.yaml\n", ""))
    fleet = loaded(path)

    faults = [str(fault) for fault in resolve(fleet, catalog_of(fleet), load_providers())]

    assert any(
        "or describe it in a file, named by `server_types: server-types.yaml`" in one for one in faults
    )
    assert not any("of which the inventory has none" in one for one in faults)


def test_a_lock_rests_on_what_the_file_says_and_not_on_where_it_stands(tmp_path: Path) -> None:
    fleet, catalog = load_fleet(str(lab(tmp_path)))
    write_lock(plan_capacity(fleet, catalog, None), fleet.lock_path)
    (tmp_path / "types.yaml").rename(tmp_path / "moved.yaml")
    path = tmp_path / "metal.yaml"
    path.write_text(path.read_text().replace("types.yaml", "moved.yaml"))
    fleet, catalog = load_fleet(str(path))
    verify_plan(fleet, load_lock(fleet), catalog)

    fleet, catalog = load_fleet(str(lab(tmp_path, kw="6")))

    with pytest.raises(ArgosyError, match="argosy plan"):
        verify_plan(fleet, load_lock(fleet), catalog)


def test_a_price_may_name_a_type_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "version: 1\nprices:\n  - {node_type: metal/lab-box, capacity_type: owned, usd_per_hour: 3,"
        " confidence: contract, source: Order 4711, as_of: 2026-07-20}\n"
    )

    fleet, _ = load_fleet(str(lab(tmp_path, more="prices: prices.yaml\n")))

    assert fleet.prices is not None


SIMULATOR = "    simulator: {directory: .argosy/lab/simulator}\n    node_pools:\n"


def simulated(path: Path) -> tuple[SimulatedServer, ...]:
    text = path.read_text().replace("    ca_certificate: bmc-ca.pem\n", "")
    path.write_text(text.replace("    node_pools:\n", SIMULATOR))
    config, _ = simulator_of(loaded(path))
    return config.halls[0].servers


@pytest.mark.parametrize("vendor", ["dell", "hpe", "lenovo", "supermicro"])
def test_a_simulated_hall_plays_the_bmcs_of_its_types_vendor(tmp_path: Path, vendor: str) -> None:
    servers = simulated(lab(tmp_path, vendor=vendor))

    assert {(vendor, 5500, 4)} == {(one.vendor, one.max_watts, one.accelerators) for one in servers}


def test_a_vendor_that_the_simulator_does_not_know_is_played_by_the_standard(tmp_path: Path) -> None:
    assert {None} == {one.vendor for one in simulated(lab(tmp_path, vendor="quanta"))}


def test_every_type_of_the_catalogue_is_played_by_its_own_vendor() -> None:
    played = {
        name: profile_of(name, simulated_vendor(name, entry.vendor)).vendor
        for name, entry in ((one.name, one) for one in load_catalog().server_types.values())
    }

    assert {
        **dict.fromkeys(("dgx-b200", "dgx-h100", "dgx-h200"), "ami-dgx"),
        "gb200-nvl72-tray": "nvidia-gb200",
        **dict.fromkeys(("dell-xe9680-h100", "dell-xe9680-h200"), "dell"),
        "hpe-cray-xd670-h100": "hpe",
        "lenovo-sr680a-v3-h200": "lenovo",
        **dict.fromkeys(("supermicro-sys-821ge-tnhr-h100", "supermicro-sys-821ge-tnhr-h200"), "supermicro"),
    } == played


async def test_a_simulated_server_reports_the_accelerators_of_its_type_and_not_those_its_bmc_shows(
    tmp_path: Path,
) -> None:
    servers = simulated(lab(tmp_path, vendor="dell"))
    hall = SimulatedHall("hall", "provision.hall.test", servers)
    async with simulate(SimulatorConfig((hall,)), tmp_path / "simulator", clock=ManualClock()) as simulator:
        simulation = simulator.simulation
        machine = simulation.bmc("H0001").machine
        machine.state.phone_home = PhoneHome("H0001", "a", "https://h/i", "i1", "b1", 0.0)
        reply = simulation.answer("provision.hall.test", Request("GET", "/acceptance/H0001", {}, b""))

    assert reply.body is not None
    assert (4, 0) == (reply.body["figures"]["gpu_count"], simulation.bmc("H0001").profile.gpus)

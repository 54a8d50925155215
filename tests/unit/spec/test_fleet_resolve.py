"""What is said of a fleet beside the catalogue, the providers and its other sites."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.errors import Fault
from argosy.providers import Capability, Provider, load_providers
from argosy.resolve import resolve
from argosy.spec.loader import LoadedFleet, load_spec

PROJECT = Path(__file__).parents[3]

SITE = """\
  {name}:
    provider: {provider}
    region: {region}
    cidr: {cidr}
    node_pools:
      serve: {{instance_type: {type}, zone: z-1, role: inference, nodes: 1, capacity: {{type: {capacity}}}}}
"""
USUAL = {"provider": "aws", "region": "us-east-1", "type": "g5.48xlarge", "capacity": "on-demand"}


@dataclass(frozen=True)
class Cloud:
    """A provider that refuses each site it is asked about, and notes nothing else."""

    name: str
    capabilities: frozenset[Capability] = frozenset({Capability.ON_DEMAND})

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        return [fleet.fault(f"sites.{site}.region", given=f"{site} at {self.name}", expected="b", fix="c")]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def load(folder: Path, *sites: dict[str, str], demand: str = "") -> LoadedFleet:
    text = "version: 1\nname: x\nsites:\n"
    for number, site in enumerate(sites, 1):
        values = {**USUAL, "name": f"site-{number}", "cidr": f"10.{number}.0.0/16", **site}
        text += SITE.format(**values)
    (folder / "fleet.yaml").write_text(text + demand)
    return load_spec("./fleet.yaml", folder)


def given(faults: Sequence[Fault]) -> list[str]:
    return [fault.given for fault in faults]


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_fleets_of_this_project_have_no_fault(environment: str, catalog: Catalog):
    assert [] == resolve(load_spec(environment, PROJECT), catalog, load_providers())


def test_what_each_provider_refuses_is_said_about_its_own_sites(tmp_path: Path, catalog: Catalog):
    fleet = load(tmp_path, {}, {"provider": "gcp", "type": "g2-standard-4"}, {})
    providers: dict[str, Provider] = {"aws": Cloud("aws"), "gcp": Cloud("gcp")}

    assert ["site-1 at aws", "site-2 at gcp", "site-3 at aws"] == given(resolve(fleet, catalog, providers))


def test_faults_of_all_kinds_are_said_together_and_in_the_files_order(tmp_path: Path, catalog: Catalog):
    demand = "demand:\n  inference:\n    - {name: assistant, accelerator: [H200, H20O], nodes: 1}\n"
    fleet = load(
        tmp_path,
        {"type": "g5.49xlarge"},
        {"provider": "gpc"},
        {"capacity": "spot", "cidr": "10.1.2.0/24"},
        demand=demand,
    )
    faults = resolve(fleet, catalog, {"aws": Cloud("aws")})

    assert [
        "site-1 at aws",
        "'g5.49xlarge', which is not in the catalogue",
        "'gpc', for which no provider is registered",
        "site-3 at aws",
        "10.1.2.0/24, which overlaps 10.1.0.0/16 of site-1",
        "spot capacity, which aws does not have",
        "'H20O', which is not in the catalogue",
    ] == given(faults)


def test_a_provider_with_no_likeness_is_told_which_there_are(tmp_path: Path, catalog: Catalog):
    [fault] = resolve(load(tmp_path, {"provider": "lumen"}), catalog, {"aws": Cloud("aws")})

    assert "one of aws" == fault.expected
    assert "install the package that brings lumen" == fault.fix


@pytest.mark.parametrize(
    ("cidr", "free"),
    [("10.0.0.0/8", "a smaller range"), ("10.1.0.0/17", "10.0.0.0/17"), ("10.0.0.0/15", "10.2.0.0/15")],
)
def test_a_range_that_overlaps_is_offered_a_free_one(tmp_path: Path, catalog: Catalog, cidr: str, free: str):
    fleet = load(tmp_path, {}, {"cidr": cidr})
    overlaps = [f for f in resolve(fleet, catalog, {"aws": Cloud("aws")}) if "overlaps" in f.given]

    assert [f"write {free}"] == [fault.fix for fault in overlaps]


def test_a_pool_of_an_unknown_type_may_be_the_one_a_workload_means(tmp_path: Path, catalog: Catalog):
    demand = "demand:\n  inference:\n    - {name: assistant, accelerator: [B200], nodes: 1}\n"
    provider = {"aws": Cloud("aws")}

    known = given(resolve(load(tmp_path, {}, demand=demand), catalog, provider))
    unknown = given(resolve(load(tmp_path, {}, {"type": "p7.48xlarge"}, demand=demand), catalog, provider))

    assert "B200, which no pool for inference has" in known
    assert not [words for words in unknown if "B200" in words]


def test_several_zones_are_fine_for_serving(tmp_path: Path, catalog: Catalog):
    fleet = load(tmp_path, {})
    text = (tmp_path / "fleet.yaml").read_text().replace("zone: z-1", "zones: [z-1, z-2]")
    (tmp_path / "fleet.yaml").write_text(text)

    two_zones = load_spec("./fleet.yaml", tmp_path)

    assert fleet.sha256 != two_zones.sha256
    assert ["site-1 at aws"] == given(resolve(two_zones, catalog, {"aws": Cloud("aws")}))


@pytest.mark.parametrize(
    ("unit", "needed"), [("nodes", 1 + 2), ("accelerators", 8 * (1 + 2)), ("vcpus", 192 * (1 + 2))]
)
@pytest.mark.parametrize("short", [0, 1])
def test_what_pools_take_at_the_least_fits_their_common_quota(
    tmp_path: Path, catalog: Catalog, unit: str, needed: int, short: int
):
    quota = f"    quotas: [{{name: q, limit: {needed - short}, unit: {unit}, pools: [serve, train]}}]\n"
    train = "      train: {instance_type: g5.48xlarge, zone: z-1, role: training, nodes: {min: 2, max: 99},"
    load(tmp_path, {})
    text = (tmp_path / "fleet.yaml").read_text() + f"{train} capacity: {{type: on-demand}}}}\n{quota}"
    (tmp_path / "fleet.yaml").write_text(text)

    told = given(resolve(load_spec("./fleet.yaml", tmp_path), catalog, {"aws": Cloud("aws")}))

    exceeded = f"a quota of {needed - 1:,} {unit} for pools that take {needed:,} at least"
    assert ["site-1 at aws", exceeded][: 1 + short] == sorted(told, reverse=True)


def test_a_pool_of_an_unknown_type_takes_nothing_of_a_quota(tmp_path: Path, catalog: Catalog):
    load(tmp_path, {"type": "g5.49xlarge"})
    quota = "    quotas: [{name: q, limit: 0, unit: nodes, pools: [serve]}]\n"
    (tmp_path / "fleet.yaml").write_text((tmp_path / "fleet.yaml").read_text() + quota)

    told = given(resolve(load_spec("./fleet.yaml", tmp_path), catalog, {"aws": Cloud("aws")}))

    assert not [words for words in told if "quota" in words]


def test_one_server_of_an_unknown_type_is_pointed_at(tmp_path: Path, catalog: Catalog):
    specs = PROJECT / "tests" / "fixtures" / "specs"
    inventory = (specs / "inventories" / "oslo.yaml").read_text()
    (tmp_path / "inventories").mkdir()
    (tmp_path / "inventories" / "oslo.yaml").write_text(
        f'{inventory}  - {{serial: OSL0004, bmc: "https://bmc-u04.oslo.example", rack: r2, feeds: [a],'
        " server_type: dgx-h2OO}\n"
    )
    fleet = (specs / "inventory-with-an-unknown-server-type.yaml").read_text()
    (tmp_path / "fleet.yaml").write_text(fleet.replace("inventory-with-an-unknown-server-type", "oslo"))

    faults = resolve(load_spec("./fleet.yaml", tmp_path), catalog, {"metal": Cloud("metal")})

    assert ("inventories/oslo.yaml", "servers[3].server_type") in [(f.file, f.path) for f in faults]

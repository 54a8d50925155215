"""What a good fleet file becomes."""

from decimal import Decimal
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import LoadedFleet, load_spec
from argosy.spec.models import CloudSiteSpec, HallSpec, NodeRange

PROJECT = Path(__file__).parents[3]

CLOUD = """\
version: 1
name: dev
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    country: NO
    node_pools:
      serve: {instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: {max: 40},
              capacity: {type: block, reservation: cr-1, ends: 2027-03-01T00:00Z}}
demand:
  inference:
    - {name: assistant, accelerator: [H200], model: llama, requests_per_month: 2_000_000_000,
       input_tokens: 1800, output_tokens: 350, ttft_ms: 800, tpot_ms: 30, regions: {us: 0.6, eu: 0.4}}
"""


def load(folder: Path, text: str) -> LoadedFleet:
    (folder / "fleet.yaml").write_text(text)
    return load_spec("./fleet.yaml", folder)


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_fleets_of_this_project_load_by_name_and_by_path(environment: str):
    by_name = load_spec(environment, PROJECT)
    by_path = load_spec(f"stacks/fleets/{environment}.yaml", PROJECT)

    assert by_name == by_path
    assert environment == by_name.name
    assert PROJECT == by_name.root
    assert by_name.lock_path == PROJECT / "stacks" / "fleets" / f"{environment}.lock.json"


def test_every_hall_has_its_inventory_and_no_cloud_has_one():
    fleet = load_spec("prod", PROJECT)

    assert isinstance(fleet.spec.sites["oslo"], HallSpec)
    assert isinstance(fleet.spec.sites["aws-use1"], CloudSiteSpec)
    assert list(fleet.inventories) == ["oslo"]
    assert fleet.inventories["oslo"].servers[0].serial == "OSL0001"


def test_values_are_read_as_they_are_meant(tmp_path: Path):
    fleet = load(tmp_path, CLOUD)

    [service] = fleet.spec.demand.inference
    pool = fleet.spec.sites["aws-use1"].node_pools["serve"]
    assert service.requests_per_month == 2_000_000_000
    assert service.regions == {"us": Decimal("0.6"), "eu": Decimal("0.4")}
    assert fleet.spec.sites["aws-use1"].country == "NO"
    assert pool.nodes == NodeRange(min=0, max=40)
    assert pool.capacity is not None
    assert pool.capacity.ends is not None
    assert pool.capacity.ends.isoformat() == "2027-03-01T00:00:00+00:00"


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path):
    plain = load(tmp_path, CLOUD)
    (tmp_path / "fleet.yaml").write_bytes(b"\xef\xbb\xbf" + CLOUD.replace("\n", "\r\n").encode())

    assert plain.sha256 == load_spec("./fleet.yaml", tmp_path).sha256


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("name: dev\n", "name: dev   # the small one\n"),
        ("version: 1\nname: dev\n", "name: 'dev'\nversion: 1\n"),
        ("us: 0.6, eu: 0.4", "eu: 0.40, us: 0.600"),
        ("2_000_000_000", "2000000000"),
        ("2027-03-01T00:00Z", "2027-03-01T01:00:00+01:00"),
        ("{max: 40}", "{min: 0, max: 40}"),
    ],
)
def test_comments_layout_and_order_do_not_change_the_hash(tmp_path: Path, written: str, instead: str):
    assert written in CLOUD
    assert load(tmp_path, CLOUD).sha256 == load(tmp_path, CLOUD.replace(written, instead)).sha256


@pytest.mark.parametrize(
    ("written", "instead"),
    [("max: 40", "max: 41"), ("us: 0.6, eu: 0.4", "us: 0.4, eu: 0.6"), ("use1-az4", "use1-az6")],
)
def test_another_meaning_has_another_hash(tmp_path: Path, written: str, instead: str):
    assert load(tmp_path, CLOUD).sha256 != load(tmp_path, CLOUD.replace(written, instead)).sha256


@pytest.mark.parametrize("written", ["0", '"0"', "'0'"])
def test_no_time_may_be_written_as_a_number_or_as_text(tmp_path: Path, written: str):
    line = "survive: [{lose: spot, keep: {inference: 1.0}, within: %s}]\n"
    fleet = load(tmp_path, CLOUD + line % written)

    assert "0" == fleet.spec.survive[0].within
    assert fleet.sha256 == load(tmp_path, CLOUD + line % '"0"').sha256


@pytest.mark.parametrize("written", ["false", "1", "0.0", "00"])
def test_what_is_no_time_is_refused(tmp_path: Path, written: str):
    with pytest.raises(FleetError, match=r"survive\[0\]\.within"):
        load(tmp_path, CLOUD + f"survive: [{{lose: spot, keep: {{inference: 1.0}}, within: {written}}}]\n")


def test_an_alias_stands_for_what_its_anchor_marks(tmp_path: Path):
    text = CLOUD.replace("zone: use1-az4", "zone: &zone use1-az4").replace("model: llama", "model: *zone")

    assert load(tmp_path, text).spec.demand.inference[0].model == "use1-az4"


def test_a_fault_points_at_the_value_or_at_what_lies_around_it(tmp_path: Path):
    fleet = load(tmp_path, CLOUD)

    def place(path: str) -> tuple[str, int, int]:
        fault = fleet.fault(path, given="a", expected="b", fix="c")
        return fault.file, fault.line, fault.column

    assert ("fleet.yaml", 6, 13) == place("sites.aws-use1.region")
    assert ("fleet.yaml", 8, 5) == place("sites.aws-use1.node_pools")
    assert ("fleet.yaml", 4, 3) == place("sites.aws-use1.power.feeds[0].name")
    assert ("fleet.yaml", 14, 98) == place("demand.inference[0].regions.eu")
    assert place("demand.inference.0.regions.eu") == place("demand.inference[0].regions.eu")
    assert ("fleet.yaml", 1, 1) == place("nothing.of.the.kind")


def test_a_fault_of_an_inventory_points_into_the_inventory():
    fleet = load_spec("prod", PROJECT)

    fault = fleet.fault("servers[1].serial", given="a", expected="b", fix="c", site="oslo")

    assert "stacks/fleets/inventories/oslo.yaml" == fault.file
    assert fault.line > 1


def test_a_fleet_that_nobody_read_has_faults_without_a_place():
    read = load_spec("dev", PROJECT)
    made = LoadedFleet("made", read.path, read.root, read.spec, {}, "0" * 64)

    fault = made.fault("sites.x", given="a", expected="b", fix="c")

    assert str(fault) == " sites.x: given a; expected b; c"

"""What AWS offered is what is bought, the command says so, and nothing that declares a fleet can buy."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argosy_aws.purchases.offerings import OfferingsError, offering_faults, read_offerings

from .conftest import LoadOrder

ROOT = Path(__file__).resolve().parents[2]
ARGOSY = Path(sys.executable).with_name("argosy")
ORDERS = ROOT / "stacks" / "purchases" / "aws" / "orders"
EXAMPLE = (ORDERS / "example.yaml").read_text(encoding="utf-8")
BLOCK = "capacity_blocks/train-january"

OFFERED: dict[str, Any] = {
    "CapacityBlockOfferingId": "cb-0123456789abcdef0",
    "InstanceType": "p5en.48xlarge",
    "AvailabilityZone": "us-east-1c",
    "InstanceCount": 64,
    "StartDate": "2027-01-11T11:30:00+00:00",
    "EndDate": "2027-01-25T11:30:00.000Z",
    "CapacityBlockDurationHours": 336,
    "UpfrontFee": "894700.800000",
    "CurrencyCode": "USD",
    "Tenancy": "default",
}


@pytest.fixture
def offered(tmp_path: Path) -> Callable[..., Path]:
    def make(**changes: object) -> Path:
        file = tmp_path / "offerings.json"
        file.write_text(json.dumps({"CapacityBlockOfferings": [OFFERED | changes]}), encoding="utf-8")
        return file

    return make


def test_a_block_that_is_what_aws_offered_passes(load_order: LoadOrder, offered: Callable[..., Path]) -> None:
    assert [] == list(offering_faults(load_order(), read_offerings(offered())))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"CapacityBlockOfferingId": "cb-0123456789abcdef1"}, "offering"),
        ({"InstanceType": "p5.48xlarge"}, "instance_type"),
        ({"AvailabilityZone": "us-east-1d"}, "zone"),
        ({"InstanceCount": 32}, "instances"),
        ({"StartDate": "2027-01-12T11:30:00+00:00"}, "starts"),
        ({"EndDate": None}, "ends"),
        ({"UpfrontFee": "894700.81"}, "upfront_fee_usd"),
        ({"UpfrontFee": None}, "upfront_fee_usd"),
        ({"CurrencyCode": "CNY"}, "upfront_fee_usd"),
    ],
)
def test_a_block_that_is_not_what_aws_offered_is_refused(
    load_order: LoadOrder, offered: Callable[..., Path], changes: dict[str, object], field: str
) -> None:
    faults = list(offering_faults(load_order(), read_offerings(offered(**changes))))

    assert [f"capacity_blocks.train-january.{field}"] == [fault.path for fault in faults]


def test_what_is_bought_already_needs_no_offer(load_order: LoadOrder, offered: Callable[..., Path]) -> None:
    loaded = load_order({f"{BLOCK}/offering": None, f"{BLOCK}/bought": "cr-0123456789abcdef0"})

    assert [] == list(offering_faults(loaded, read_offerings(offered(InstanceCount=1))))


@pytest.mark.parametrize("text", ["", "[]", '{"CapacityBlockOfferings": [{}]}', '{"Offerings": []}'])
def test_offerings_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "offerings.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(OfferingsError, match="no answer of the AWS CLI"):
        read_offerings(file)


def argosy(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([ARGOSY, *command], capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_command_prints_what_is_bought_and_the_budget() -> None:
    done = argosy("aws", "purchases", ORDERS / "example.yaml")

    assert 0 == done.returncode, done.stderr
    assert "train-january  block     64 x p5en.48xlarge" in done.stdout
    assert "total 1,828,610.28 USD of a budget of 2,000,000.00 USD" in done.stdout


def test_the_command_prints_json() -> None:
    shown = json.loads(argosy("aws", "purchases", ORDERS / "example.yaml", "--json").stdout)

    assert ("1828610.28", "2000000.00") == (shown["total_usd"], shown["budget_usd"])
    assert "2027-01-25T11:30Z" == shown["purchases"]["train-january"]["counted_until"]


def test_the_command_refuses_a_file_above_its_budget(tmp_path: Path) -> None:
    file = tmp_path / "2027-q1.yaml"
    file.write_text(EXAMPLE.replace("budget_usd: 2000000", "budget_usd: 1000000"), encoding="utf-8")

    done = argosy("aws", "purchases", file)

    assert (2, "") == (done.returncode, done.stdout)
    assert "expected at least 1,828,610.28 USD" in done.stderr


def test_the_command_refuses_a_block_that_was_not_offered(offered: Callable[..., Path]) -> None:
    done = argosy("aws", "purchases", ORDERS / "example.yaml", "--offerings", offered(InstanceCount=32))

    assert 2 == done.returncode
    assert "given 64; expected 32, as offered" in done.stderr


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names)


def importers(root: Path) -> set[str]:
    """The files outside the purchases that import them."""
    files = (
        file
        for folder in ("src", "components", "policies", "stacks")
        for file in (root / folder).rglob("*.py")
        if "purchases" not in file.relative_to(root).parts
    )
    return {
        file.relative_to(root).as_posix()
        for file in files
        if any("purchases" in name for name in imports(file))
    }


def test_nothing_that_declares_a_fleet_can_buy() -> None:
    assert {"components/argosy_aws/commands.py"} == importers(ROOT)
    own = set(imports(ROOT / "components/argosy_aws/commands.py"))
    assert {"argosy_aws.purchases.command.purchases"} == {name for name in own if "purchases" in name}


def test_the_command_that_checks_cannot_buy_either() -> None:
    named = set(imports(ROOT / "components/argosy_aws/purchases/command.py"))

    assert not {name for name in named if "declare" in name or name.startswith("pulumi")}


@pytest.mark.parametrize(
    "line",
    [
        "from argosy_aws.purchases import declare",
        "def late():\n    import argosy_aws.purchases.declare",
        "from .purchases.declare import declare_purchases",
        "from . import purchases",
    ],
)
def test_an_import_of_the_purchases_would_be_found(tmp_path: Path, line: str) -> None:
    file = tmp_path / "components" / "argosy_aws" / "site.py"
    file.parent.mkdir(parents=True)
    file.write_text(line, encoding="utf-8")

    assert {"components/argosy_aws/site.py"} == importers(tmp_path)


def test_what_declares_a_site_loads_no_purchases() -> None:
    code = (
        "import sys, argosy_aws.site, argosy_aws.refusals, argosy_aws.descriptor\n"
        "import argosy_component.stack_program\n"
        "print([name for name in sys.modules if 'purchases' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout

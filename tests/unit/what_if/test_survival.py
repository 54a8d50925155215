"""The price of survival: a notch per floor, dearer as floors rise, and how it is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import ArgosyError
from argosy.what_if.survival import Notch, as_json, at_floor, price_of_survival
from argosy.what_if.survival_command import lines_of
from argosy.what_if.survival_page import write_page

if TYPE_CHECKING:
    from tests.unit.planner.conftest import World

ROOT = Path(__file__).resolve().parents[3]
FLOORS = tuple(Decimal(tenths) / 10 for tenths in range(5, 11))
ARGOSY = str(Path(sys.prefix, "bin", "argosy"))


def pool(kind: str, most: int) -> dict[str, Any]:
    return {"role": "inference", "nodes": {"min": 0, "max": most}, "instance_type": kind, "zone": "z1"}


@pytest.fixture
def made(world: Callable[[], World]) -> World:
    """A service of 10 nodes on either of two clouds, of which each alone may hold 12."""
    built = world().cloud("one", "aws", serve=pool("p5en.48xlarge", 12))
    built.cloud(
        "two", "gcp", serve=pool("a3-megagpu-8g", 12) | {"capacity": {"type": "reserved", "nodes": 12}}
    )
    built.more["accept_estimates"] = True
    return built.serve("bot", 10, "H200", "H100").survive("any provider", "1", within="15m")


def notches(made: World, *floors: Decimal) -> dict[str, Notch]:
    found = price_of_survival(made.fleet(), made.catalog, floors or FLOORS)
    return {"none" if notch.floor is None else str(notch.floor): notch for notch in found}


def test_each_notch_is_bought_node_by_node(made: World) -> None:
    # The reserved nodes are paid for; so many on demand as the floor asks for beside them are not.
    usd = Decimal("63.30")

    assert {"0.5": 5, "0.6": 6, "0.7": 7, "0.8": 8, "0.9": 9, "1": 10} == {
        floor: round(Decimal(notch.cost) / 1_000_000 / usd)
        for floor, notch in notches(made).items()
        if floor != "none"
    }


def test_without_a_failure_the_paid_nodes_do(made: World) -> None:
    notch = notches(made)["none"]

    assert (10, 0, "gcp", 1.0) == (notch.nodes, notch.cost, notch.largest, notch.share)


def test_the_largest_provider_shrinks_as_the_floor_rises(made: World) -> None:
    found = notches(made)

    assert ("gcp", 1.0) == (found["none"].largest, found["none"].share)
    assert ("aws", 0.5) == (found["1"].largest, found["1"].share)


def test_a_floor_that_no_plan_keeps_is_a_notch_without_nodes(made: World) -> None:
    made.sites["one"]["node_pools"]["serve"]["nodes"]["max"] = 8
    found = notches(made)

    assert (None, 16) == (found["0.9"].nodes, found["0.8"].nodes)
    assert "no plan keeps it" in lines_of([found["0.9"]])[1]


def test_no_line_asks_for_more_than_the_notch_and_lower_ones_stay(made: World) -> None:
    made.survive("any two providers", "0.2", training="0.7", within="4h", bot="0.9")
    first, second = at_floor(made.fleet(), Decimal("0.5")).spec.survive

    assert Decimal("0.5") == first.keep.inference
    assert (Decimal("0.2"), Decimal("0.7")) == (second.keep.inference, second.keep.training)
    assert {"bot": Decimal("0.5")} == second.keep.workloads


def test_the_floor_of_a_job_is_not_one_of_inference(made: World) -> None:
    made.train("pretrain", 1)
    made.survive("any site", "1", pretrain="1", bot="1")

    assert {"pretrain": Decimal(1), "bot": Decimal("0.5")} == (
        at_floor(made.fleet(), Decimal("0.5")).spec.survive[1].keep.workloads
    )


def test_a_fleet_that_need_not_survive_anything_is_refused(made: World) -> None:
    made.survivals.clear()

    with pytest.raises(ArgosyError, match="nothing has to survive"):
        notches(made)


def test_the_curve_is_shown_with_bars_against_the_dearest(made: World) -> None:
    lines = lines_of(list(notches(made).values()))

    assert "100 %     20     633.00  ██████████████████████████████  aws 50 %" == lines[-2]
    assert "none      10       0.00  █                               gcp 100 %" == lines[1]


def test_a_notch_as_json_has_dollars_and_shares(made: World) -> None:
    assert {
        "floor": 1.0,
        "nodes": 20,
        "cost_usd_per_hour": 633.0,
        "gap_percent": 0.0,
        "largest_provider": "aws",
        "largest_share": 0.5,
    } == as_json(notches(made)["1"]) | {"gap_percent": 0.0}


def test_the_page_holds_its_own_script_and_is_the_same_each_time(made: World, tmp_path: Path) -> None:
    found = list(notches(made).values())
    for name in ("one.html", "two.html"):
        write_page("test", found, tmp_path / name)
    page = (tmp_path / "one.html").read_text(encoding="utf-8")

    assert page == (tmp_path / "two.html").read_text(encoding="utf-8")
    assert "The price of survival: test" in page
    assert "<script src=" not in page


@pytest.mark.parametrize(
    "given", ["1", "0.1,0.2,0.3,0.4,2", "a,b,c,d,e", "0.1,0.1,0.1,0.1,0.1", "nan,0,1,0.2,0.3"]
)
def test_floors_that_are_no_curve_are_refused(given: str) -> None:
    done = subprocess.run(
        [ARGOSY, "survival", "prod", "--floors", given], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith(f"--floors: given {given!r}; expected 5 to 9 different shares")


def test_the_command_prints_the_same_as_json() -> None:
    done = subprocess.run(
        [ARGOSY, "survival", "dev", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    content = json.loads(done.stdout)

    assert ("dev", 8) == (content["fleet"], len(content["notches"]))

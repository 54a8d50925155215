"""The power of a hall, however it is written, is checked before long: what is far too large is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.errors import FleetError
from argosy.spec.loader import LoadedFleet, load_spec

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"


def unit(name: str, *parents: str) -> dict[str, Any]:
    return {"name": name, "kind": "pdu", "rated_kw": 60, "parents": list(parents)}


def load(folder: Path, units: list[dict[str, Any]], racks: dict[str, list[str]] | None = None) -> LoadedFleet:
    """A hall of two feeds with these units, on the last two of which every rack hangs."""
    shutil.copytree(SPECS / "inventories", folder / "inventories")
    text = (SPECS / "power-units-in-a-circle.yaml").read_text()
    fleet: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
    last = [one["name"] for one in units[-2:]]
    fleet["sites"]["oslo"]["power"] |= {"units": units, "racks": racks or {"r1": last, "r2": last}}
    (folder / "hall.yaml").write_text(json.dumps(fleet))
    return load_spec("./hall.yaml", folder)


def told(folder: Path, units: list[dict[str, Any]], racks: dict[str, list[str]] | None = None) -> str:
    with pytest.raises(FleetError) as refused:
        load(folder, units, racks)
    return str(refused.value)


def ladder(layers: int) -> list[dict[str, Any]]:
    """Two units a layer, each on both of the layer above."""
    units = [unit("l0-a", "a"), unit("l0-b", "b")]
    for layer in range(1, layers):
        above = (f"l{layer - 1}-a", f"l{layer - 1}-b")
        units += [unit(f"l{layer}-a", *above), unit(f"l{layer}-b", *above)]
    return units


def chain(length: int) -> list[dict[str, Any]]:
    return [unit(f"c{place}", f"c{place - 1}" if place else "a") for place in range(length)]


def test_a_ladder_through_which_more_ways_lead_than_could_be_followed_is_checked(tmp_path: Path):
    load(tmp_path, ladder(31))


def test_a_way_up_that_is_longer_than_any_that_is_built_is_refused(tmp_path: Path):
    assert (
        "sites.oslo.power.units[2998].parents: given a way up of 3,000 feeds and units; expected at most 32; "
        "leave out units that fail only together with what they hang on"
    ) in told(tmp_path, [*chain(2_999), unit("b-1", "b")])


def test_a_way_up_of_just_as_many_is_not(tmp_path: Path):
    load(tmp_path, [*chain(31), unit("b-1", "b")], {"r1": ["c30", "b-1"], "r2": ["c30", "b-1"]})


def test_a_circle_of_thousands_is_told_in_short_words(tmp_path: Path):
    units = [*(unit(f"c{place}", f"c{(place + 1) % 3_000}") for place in range(3_000))]

    assert (
        "given a circle: c0 hangs on c1 hangs on c2 hangs on c3 hangs on c4 hangs on c5 hangs on (2994 more) "
        "hangs on c0; expected"
    ) in told(tmp_path, units, {"r1": ["a", "b"], "r2": ["a", "b"]})


def test_nothing_hangs_on_more_than_64_at_once_neither_a_unit_nor_a_rack(tmp_path: Path):
    many = [f"u{place}" for place in range(65)]
    units = [*(unit(name, "a", "b") for name in many), unit("all", *many), unit("most", *many[1:])]

    message = told(tmp_path, units, {"r1": many, "r2": many[1:]})

    given = "given 65 feeds and units; expected at most 64, on which one thing hangs directly; name those"
    assert [f"sites.oslo.power.units[65].parents: {given}", f"sites.oslo.power.racks.r1: {given}"] == [
        line.partition(" ")[2].partition(" that")[0] for line in message.splitlines()
    ]


def test_of_many_feeds_and_units_an_unknown_one_is_told_beside_the_first_of_them(tmp_path: Path):
    units = [unit(f"u{place:02d}", "a") for place in range(30)]

    assert "u16 and 13 more; " in told(tmp_path, [*units, unit("last", "zzz")], {"r1": ["a"], "r2": ["a"]})

"""What a pool may say of nodes that are paid for ahead. What it may not stands in tests/fixtures/specs."""

from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec

FLEET = """\
version: 1
name: dev
until: 2027-03-01T00:00Z
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {{instance_type: p5en.48xlarge, zone: use1-az4, role: inference, {own}}}
"""


def told(folder: Path, own: str) -> str:
    """What is said of a pool with these keys; nothing when it is good."""
    (folder / "dev.yaml").write_text(FLEET.format(own=own))
    try:
        load_spec("./dev.yaml", folder)
    except FleetError as error:
        return str(error)
    return ""


def reserved(nodes: str, own: str, kind: str = "reserved") -> str:
    return f"nodes: {nodes}, capacity: {{type: {kind}, reservation: cr-1, {own}}}"


@pytest.mark.parametrize(
    "own",
    [
        reserved("4", "nodes: 4"),
        reserved("{min: 4, max: 9}", "nodes: 4"),
        reserved("4", "nodes: 8, ends: 2027-03-01T00:00Z", "block"),
        reserved("4", "ends: 2027-03-01T01:00+01:00"),
        reserved("8", "multiple_of: 4"),
        reserved("0", "multiple_of: 4"),
        reserved("{min: 5, max: 8}", "multiple_of: 4"),
        reserved("{max: 0}", "multiple_of: 4"),
        reserved("4", "nodes: 4") + ", readiness: cold",
        reserved("4", "ends: 2027-04-01T00:00Z", "block") + ", readiness: cold",
        "nodes: 4, capacity: {type: spot}, lends: true",
        "nodes: 4, capacity: {type: flex}, lends: true",
        "nodes: 4, capacity: {type: on-demand}, readiness: hot",
    ],
)
def test_what_can_be_kept_is_accepted(own: str, tmp_path: Path):
    assert told(tmp_path, own) == ""


@pytest.mark.parametrize("kind", ["on-demand", "spot", "flex"])
def test_the_market_holds_no_nodes_ahead_and_none_that_are_off(kind: str, tmp_path: Path):
    message = told(tmp_path, f"nodes: 4, readiness: cold, capacity: {{type: {kind}, nodes: 4}}")

    assert f"capacity.nodes: given `nodes` for {kind} capacity, which holds none ahead" in message
    assert f"readiness: given cold nodes of {kind} capacity" in message


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (reserved("5", "nodes: 4"), "given a reservation of 4 nodes for a pool of at least 5"),
        (reserved("{min: 2, max: 2}", "nodes: 1"), "given a reservation of 1 node for a pool of at least 2"),
        (reserved("3", "multiple_of: 4"), "write nodes: 4"),
        (reserved("1", "multiple_of: 18"), "given 1 node, where they come in multiples of 18"),
        (reserved("{min: 1, max: 3}", "multiple_of: 4"), "a range from 1 to 3 with no multiple of 4 above 0"),
        (
            reserved("4", "ends: 2027-02-28T23:59:59Z", "block"),
            "given a block that ends 2027-02-28T23:59:59Z, before the plan's `until` 2027-03-01T00:00Z",
        ),
        (
            reserved("4", "ends: 2027-03-01T00:00+01:00"),
            "given a reservation that ends 2027-03-01T00:00+01:00",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(own: str, words: str, tmp_path: Path):
    assert words in told(tmp_path, own)


def test_a_range_upside_down_is_not_blamed_for_its_multiples_too(tmp_path: Path):
    message = told(tmp_path, reserved("{min: 7, max: 5}", "multiple_of: 4"))

    assert "min 7 above max 5" in message
    assert "multiple" not in message


def test_without_until_a_block_may_end_when_it_ends(tmp_path: Path):
    text = FLEET.format(own=reserved("4", "ends: 2020-01-01T00:00Z", "block"))
    (tmp_path / "dev.yaml").write_text(text.replace("until: 2027-03-01T00:00Z\n", ""))

    assert load_spec("./dev.yaml", tmp_path).spec.until is None

"""A file that was made to be slow, or is far too large, is refused before long and in short words."""

import re
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec import composer
from argosy.spec.hints import nearest
from argosy.spec.loader import load_spec
from argosy.spec.scalars import find_trap
from argosy.spec.secrets import looks_secret

FLEET = """\
version: 1
name: dev
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {instance_type: g5.48xlarge, zone: use1-az4, role: inference, nodes: NODES,
              capacity: {type: on-demand}}
"""


def told(folder: Path, text: str) -> str:
    (folder / "fleet.yaml").write_text(text)
    with pytest.raises(FleetError) as refused:
        load_spec("./fleet.yaml", folder)
    return str(refused.value)


@pytest.mark.parametrize("more", ["x: [" + "1," * 200 + "\n", "".join(f"k{key}: 1\n" for key in range(100))])
def test_a_file_of_too_many_values_is_refused_where_the_bound_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
):
    monkeypatch.setattr(composer, "MAX_NODES", 200)

    assert re.fullmatch(
        r"fleet.yaml:[0-9]+:[0-9]+[^:]*: given more than 200 keys and values; expected fewer in one file;"
        r" split the fleet, or the hall",
        told(tmp_path, FLEET + more),
    )


def test_many_unknown_keys_are_each_told_in_moderate_time(tmp_path: Path):
    keys = 300
    message = told(tmp_path, FLEET.replace("NODES", "1") + "".join(f"k{key}: 1\n" for key in range(keys)))

    assert keys == len(message.splitlines())


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("9" * 6_000, "write a number in that range"),
        ("0" * 6_000 + "7", "write a number in that range"),
        ("0x" + "f" * 6_000, "write a number in that range"),
        ("1e30", "write a number in that range"),
        ("1e99", "write a number in that range"),
        ("0x1000000", "write a number in that range"),
        ("09999999", "write a number in that range"),
        ("1.5e0", "write a number in that range"),
        ("1e-99", "write a number in that range"),
        ("1e6", "write 1000000"),
        ("010", "write 10, or 8 if octal was meant"),
    ],
)
def test_a_suggested_number_is_one_that_the_place_takes(tmp_path: Path, written: str, fix: str):
    message = told(tmp_path, FLEET.replace("NODES", written))

    assert message.endswith(f"; expected a whole number from 0 to 1,000,000; {fix}")
    assert len(message) < 300


@pytest.mark.parametrize(
    ("written", "instead"),
    [("nodes: NODES", "nodes: '{}'"), ("region: us-east-1", "account: {}\n    region: us-east-1"),
     ("region: us-east-1", "country: {}\n    region: us-east-1")],
)  # fmt: skip
def test_a_long_number_is_cut_wherever_it_is_shown(tmp_path: Path, written: str, instead: str):
    message = told(tmp_path, FLEET.replace(written, instead.format("9" * 6_000)).replace("NODES", "1"))

    assert 1 == len(message.splitlines())
    assert len(message) < 300


# Each took hours when a pattern read it over again from each of its characters.
@pytest.mark.parametrize(
    "text", ["a.a." * 20_000, "a://" + ":" * 80_000, "eyJ-" * 20_000, "-----BEGIN " * 8_000, "?sig" * 20_000]
)
def test_text_that_nearly_looks_like_a_secret_is_judged_at_once(text: str):
    assert looks_secret(text) is None


def test_a_long_number_is_judged_at_once():
    assert find_trap("9" * 80_000 + "x") is None


def test_no_suggestion_is_sought_among_hundreds_of_words():
    words = [f"site-{number}" for number in range(201)]

    assert nearest("site-x", words) is None
    assert re.fullmatch("site-[0-9]+", nearest("site-x", words[:200]) or "")

"""Whatever stands in a file, the answer is a fleet or a list of faults, never anything else."""

import json
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argosy.errors import Fault, FleetError
from argosy.spec.loader import load_spec

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"
GOOD = (SPECS.parents[2] / "stacks" / "fleets" / "prod.yaml").read_text()
TEXTS = [GOOD, *(path.read_text() for path in sorted(SPECS.glob("*.yaml")))]
BITS = [
    *":{}[],&*!|>'\"%@`#?-\n\t \\",
    *("- ", ": ", "~", "no", "0x1", "1e3", ".nan", "<<", "!!x ", "&a ", "*a", "{a: 1}", "[[]]", "2027-01-01"),
    *("\x00", "\x85", "\u2028", "\ufeff", "\U0001f600", '"\\ud800"', "metal", "provider"),
]

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
relaxed = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def load(folder: Path, content: bytes) -> None:
    (folder / "fleet.yaml").write_bytes(content)
    faults: Sequence[Fault] | None = None
    try:
        load_spec("./fleet.yaml", folder)
    except FleetError as error:
        faults = error.faults
    assert faults is None or all(str(fault).isprintable() for fault in faults)
    assert faults is None or faults


@relaxed
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes):
    load(tmp_path, content)


@relaxed
@given(text=st.lists(st.sampled_from(BITS) | st.text(max_size=4), max_size=30).map("".join))
def test_any_text_of_what_yaml_is_made_of(tmp_path: Path, text: str):
    load(tmp_path, text.encode(errors="replace"))


@relaxed
@given(text=st.sampled_from(TEXTS), at=st.floats(0, 1), cut=st.integers(0, 12), bit=st.sampled_from(BITS))
def test_any_file_with_a_slip_in_it(tmp_path: Path, text: str, at: float, cut: int, bit: str):
    place = int(at * len(text))
    load(tmp_path, (text[:place] + bit + text[place + cut :]).encode())


@relaxed
@given(key=st.sampled_from(["version", "name", "sites", "demand", "survive", "max_share"]), value=plain)
def test_any_value_at_the_top(tmp_path: Path, key: str, value: object):
    load(tmp_path, f"version: 1\n{key}: {json.dumps(value)}\n".encode())


@relaxed
@given(key=st.sampled_from(["provider", "inventory", "node_pools", "power", "uplinks", "cidr"]), value=plain)
def test_any_value_in_a_hall(tmp_path: Path, key: str, value: object):
    load(tmp_path, f"sites: {{oslo: {{provider: metal, {key}: {json.dumps(value)}}}}}\n".encode())

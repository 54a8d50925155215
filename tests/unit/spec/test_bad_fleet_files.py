"""Every bad file of tests/fixtures/specs is refused with exactly the words that stand beside it.

After a message has changed on purpose, `ARGOSY_WRITE_EXPECTED=1 pytest tests/unit -k bad_fleet_files` writes
the words anew; read the difference, as the person who made the mistake, before committing it.
"""

import os
from pathlib import Path

import pytest

from argosy.catalog import catalog_of
from argosy.errors import FleetError
from argosy.providers import Provider, load_providers
from argosy.resolve import resolve
from argosy.spec.loader import load_spec

SPECS = Path(__file__).parents[2] / "fixtures" / "specs"
NAMES = sorted(path.stem for path in SPECS.glob("*.yaml"))


@pytest.fixture(scope="module")
def providers() -> dict[str, Provider]:
    return dict(load_providers())


def refuse(name: str, providers: dict[str, Provider]) -> str:
    """What a user is told, as `argosy check` would, from the folder of the file."""
    with pytest.raises(FleetError) as refused:
        check(name, providers)
    return f"{refused.value}\n"


def check(name: str, providers: dict[str, Provider]) -> None:
    fleet = load_spec(f"./{name}.yaml", SPECS)
    raise FleetError(resolve(fleet, catalog_of(fleet), providers))


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_is_refused_in_the_words_beside_it(name: str, providers: dict[str, Provider]):
    told = refuse(name, providers)
    expected = SPECS / f"{name}.expected"
    if os.environ.get("ARGOSY_WRITE_EXPECTED"):
        expected.write_text(told)

    assert expected.read_text() == told


def test_every_message_belongs_to_a_file_and_says_something():
    written = {path.stem: path.read_text() for path in SPECS.glob("*.expected")}

    assert NAMES == sorted(written)
    assert len(NAMES) >= 45
    assert all(text.strip() for text in written.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_line_says_where_what_was_given_what_is_expected_and_what_to_do(name: str):
    for line in (SPECS / f"{name}.expected").read_text().splitlines():
        where, _, rest = line.partition(": given ")
        given, _, rest = rest.partition("; expected ")
        expected, _, fix = rest.partition("; ")

        assert ".yaml:" in where
        assert given
        assert expected
        assert fix
        assert "pydantic" not in line
        assert "Input should" not in line

"""What data costs that leaves a provider's network."""

from decimal import Decimal
from pathlib import Path

import pytest

from argosy.catalog import CatalogError, load_catalog, read_catalog

FILE = """\
sources:
  list: {{source: Price list, as_of: 2026-01-31, confidence: verified}}
egress:
  default_source: list
  rows:
    aws: {{{row}}}
"""


@pytest.mark.parametrize(("provider", "usd"), [("aws", "0.09"), ("gcp", "0.12"), ("metal", "0")])
def test_every_provider_of_the_catalogue_has_a_price(provider: str, usd: str) -> None:
    assert Decimal(usd) == load_catalog().egress_usd_per_gb(provider)


def test_of_another_provider_nothing_is_said() -> None:
    assert load_catalog().egress_usd_per_gb("azure") is None


def test_every_price_has_a_source_and_a_day() -> None:
    for price in load_catalog().egress.values():
        assert price.provenance["usd_per_gb"].source
        assert price.provenance["usd_per_gb"].as_of.year >= 2026


def test_no_provider_that_sells_nodes_is_without_a_price() -> None:
    catalog = load_catalog()

    assert {*catalog.providers, "metal"} == set(catalog.egress)


@pytest.mark.parametrize("row", ["usd_per_gb: -0.01", "notes: [free]", "usd_per_gb: 0.1, usd_per_tb: 100"])
def test_a_price_below_nothing_none_and_another_unit_are_refused(row: str, tmp_path: Path) -> None:
    (tmp_path / "egress.yaml").write_text(FILE.format(row=row))

    with pytest.raises(CatalogError, match=r"egress\.yaml egress\.aws"):
        read_catalog(tmp_path)


def test_a_free_provider_is_not_one_of_which_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "egress.yaml").write_text(FILE.format(row="usd_per_gb: 0"))

    assert 0 == read_catalog(tmp_path).egress_usd_per_gb("aws")

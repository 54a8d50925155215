"""Faults in catalogue files: all reported at once, each with file, place and what would do."""

from pathlib import Path

import pytest

import argosy.catalog
from argosy.catalog import CatalogError, read_catalog

SOURCES = """
sources:
  sheet: {source: Data sheet, url: "https://example.com/sheet", as_of: 2026-01-31, confidence: verified}
"""
ACCELERATORS = """
accelerators:
  default_source: sheet
  rows:
    H200: {vendor: nvidia, memory_gb: 141}
"""
SERVER = "vendor: x, accelerator: H200, accelerators: 8, arch: x86_64, fabric: none, capacity_types: [owned]"


def read(folder: Path, *texts: str) -> str:
    """Reads files `0.yaml`, `1.yaml`, …; returns the message of the error that this must raise."""
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    with pytest.raises(CatalogError) as raised:
        read_catalog(folder)
    assert raised.value.exit_code == 2
    return str(raised.value)


def servers(*rows: str) -> str:
    return "server_types:\n  provider: metal\n  default_source: sheet\n  rows:\n" + "".join(
        f"    {row}\n" for row in rows
    )


def cloud(row: str) -> str:
    return f"instance_types:\n  provider: aws\n  default_source: sheet\n  rows:\n    p9: {{{row}}}\n"


def test_the_shipped_files_lie_in_a_package_since_the_wheel_takes_no_others() -> None:
    data = Path(argosy.catalog.__path__[0]) / "data"

    assert sorted(data.glob("*.yaml"))
    assert (data / "__init__.py").is_file()


def test_a_sound_file_is_read_with_its_sources(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SOURCES + ACCELERATORS)
    h200 = read_catalog(tmp_path).accelerator("H200")

    assert h200.memory_gb == 141
    assert h200.provenance["memory_gb"].as_of.isoformat() == "2026-01-31"


def test_a_row_source_goes_before_the_tables_and_that_before_the_default(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        """
sources:
  a: {source: Default, as_of: 2026-01-01, confidence: verified}
  b: {source: Table, as_of: 2026-01-02, confidence: secondary}
  c: {source: Row, as_of: 2026-01-03, confidence: estimate}
accelerators:
  default_source: a
  value_sources: {memory_gb: b, tdp_watts: b}
  rows:
    H200: {vendor: nvidia, memory_gb: 141, tdp_watts: 700, sources: {tdp_watts: c}}
"""
    )
    provenance = read_catalog(tmp_path).accelerator("H200").provenance

    assert {value: origin.source for value, origin in provenance.items()} == {
        "vendor": "Default",
        "memory_gb": "Table",
        "tdp_watts": "Row",
    }


def test_a_value_whose_source_is_not_in_the_file_is_refused(tmp_path: Path) -> None:
    text = SOURCES + ACCELERATORS.replace("memory_gb: 141", "memory_gb: 141, sources: {memory_gb: rumour}")

    assert "expected a source of this file for memory_gb" in read(tmp_path, text)


def test_a_source_for_a_value_that_is_not_there_is_refused(tmp_path: Path) -> None:
    text = SOURCES + ACCELERATORS.replace("memory_gb: 141", "memory_gb: 141, sources: {tdp_watts: sheet}")

    assert "expected no source for tdp_watts" in read(tmp_path, text)


def test_a_source_without_a_date_is_refused(tmp_path: Path) -> None:
    message = read(tmp_path, SOURCES.replace("as_of: 2026-01-31, ", "") + ACCELERATORS)

    assert "0.yaml sources.sheet.as_of: " in message
    assert "expected Field required" in message


def test_every_fault_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    first = SOURCES + ACCELERATORS.replace("141", "-1").replace("vendor: nvidia, ", "")
    second = SOURCES + servers(f"box: {{{SERVER}, colour: blue}}")
    message = read(tmp_path, first, second, "sources: [\n")

    assert "0.yaml accelerators.H200.memory_gb: given -1; expected Input should be greater" in message
    assert "0.yaml accelerators.H200.vendor: " in message
    assert "1.yaml server_types.box.colour: given 'blue'; expected Extra inputs are not permitted" in message
    assert "2.yaml:2:1: " in message


def test_a_duplicate_row_is_refused_with_its_line(tmp_path: Path) -> None:
    message = read(tmp_path, SOURCES + ACCELERATORS + "    H200: {vendor: other}\n")

    assert "0.yaml:9:5: given found duplicate key" in message


def test_one_name_in_two_files_is_refused(tmp_path: Path) -> None:
    message = read(tmp_path, SOURCES + ACCELERATORS, SOURCES + ACCELERATORS)

    assert "1.yaml H200: given a second entry; expected one entry per name" in message


def test_an_unknown_accelerator_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    row = SERVER.replace("H200", "H2000")
    message = read(tmp_path, SOURCES + ACCELERATORS + servers(f"box: {{{row}}}"))

    assert "metal/box: given 'H2000'; expected an accelerator of the catalogue; closest: 'H200'" in message


def test_a_slice_of_nothing_is_refused(tmp_path: Path) -> None:
    text = SOURCES + ACCELERATORS + "    half: {vendor: nvidia, slice_of: B100}\n"

    assert "half: given 'B100'; expected an accelerator of the catalogue" in read(tmp_path, text)


@pytest.mark.parametrize(
    ("cards", "finding"),
    [
        ("{cards: [1], max_interfaces: 2, interface_types: [efa-only]}", "numbered from 0 without a gap"),
        ("{cards: [0, 0], max_interfaces: 2, interface_types: [efa-only]}", "numbered from 0 without a gap"),
        ("{cards: [0], max_interfaces: 2, interface_types: [interface]}", "more EFA interfaces than"),
    ],
)
def test_network_cards_that_cannot_be_are_refused(tmp_path: Path, cards: str, finding: str) -> None:
    row = SERVER.removeprefix("vendor: x, ").replace("owned", "spot")
    text = SOURCES + ACCELERATORS + cloud(f"{row}, max_efa_interfaces: 1, network_card_groups: [{cards}]")

    assert finding in read(tmp_path, text)


def test_more_needed_power_supplies_than_there_are_is_refused(tmp_path: Path) -> None:
    row = f"box: {{{SERVER}, power_supplies: {{count: 2, watts: 900, needed: 3}}}}"

    assert "needs more power supplies than there are" in read(tmp_path, SOURCES + ACCELERATORS + servers(row))


def test_the_message_never_spills_a_whole_row(tmp_path: Path) -> None:
    message = read(tmp_path, SOURCES + ACCELERATORS + servers(f"box: {{{SERVER}, sources: {{arch: x}}}}"))

    assert "given an entry with vendor, accelerator, accelerators" in message
    assert "Provenance(" not in message

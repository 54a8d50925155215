"""`argosy catalog`: tables for people, JSON for programs, clear answers to wrong names."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from argosy.catalog import NotInCatalogError, load_catalog
from argosy.catalog.command import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_without_a_command_everything_is_listed() -> None:
    printed = run()

    for word in ("Accelerators", "Instance types", "Server types", "GB300", "p6-b300.48xlarge", "dgx-b200"):
        assert word in printed


def test_one_providers_instance_types_leave_the_others_out() -> None:
    printed = run("instance-types", "--provider", "gcp")

    assert "a3-megagpu-8g" in printed
    assert "p5.48xlarge" not in printed


def test_an_estimate_is_marked_and_an_unknown_value_is_a_dash() -> None:
    rows = {line.split("│")[1].strip(): line for line in run("accelerators").splitlines() if "│" in line}

    assert "~1400" in rows["GB300"]
    assert " - " in rows["GB300"]
    assert "~" not in rows["H200"]


def test_server_types_show_spare_power_supplies() -> None:
    assert "6 x 3300 W, 2 spare" in run("server-types")


def test_showing_an_entry_gives_every_value_with_source_date_and_confidence() -> None:
    printed = run("show", "p5en.48xlarge")

    for word in (
        "price_usd_per_hour",
        "63.30",
        "2026-07-20",
        "Karpenter",
        "node_power_kw",
        "estimate",
        "[1]",
    ):
        assert word in printed


def test_json_of_everything_holds_every_entry_with_sources() -> None:
    document = json.loads(run("--json"))
    catalog = load_catalog()

    assert {"accelerators", "instance_types", "server_types"} == set(document)
    assert len(catalog.instance_types) == len(document["instance_types"])
    for entries in document.values():
        for entry in entries:
            for value in entry["values"].values():
                assert {"value", "source", "url", "as_of", "confidence"} == set(value)


def test_json_of_one_entry_holds_plain_values() -> None:
    document = json.loads(run("show", "p5en.48xlarge", "--json"))

    assert (document["name"], document["provider"]) == ("p5en.48xlarge", "aws")
    assert document["values"]["node_power_kw"]["value"] == "10.2"
    assert document["values"]["price_usd_per_hour"]["as_of"] == "2026-07-20"


@pytest.mark.parametrize("arguments", [["accelerators"], ["instance-types"], ["server-types"], []])
def test_json_is_the_same_each_time(arguments: list[str]) -> None:
    assert run(*arguments, "--json") == run(*arguments, "--json")


def test_an_unknown_provider_or_entry_is_refused_with_a_suggestion() -> None:
    with pytest.raises(NotInCatalogError, match=r"provider 'awx' .* closest: 'aws'"):
        run("instance-types", "--provider", "awx")
    with pytest.raises(NotInCatalogError, match=r"closest: 'p5en\.48xlarge'"):
        run("show", "p5en.48xlarg")


def test_listing_the_commands_does_not_load_pydantic() -> None:
    code = (
        "import sys, argosy.catalog.command; sys.exit(bool({'pydantic', 'ruamel.yaml'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

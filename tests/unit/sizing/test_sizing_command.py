"""`argosy sizing`: the chain for people and for programs, with every term and its origin."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .conftest import SIZED, Argosy, Project, fleet_text

PLAIN = "diurnal_factor: 2.5, burst_factor: 1, utilisation: 0.8, availability: 1"
LLAMA = f'model: "LLaMA v3.3 70B", {SIZED}'


def test_the_chain_is_printed_from_requests_to_nodes(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text(f"{LLAMA}, {PLAIN}"))

    assert 0 == argosy("sizing", "small")
    lines = capsys.readouterr().out.splitlines()
    assert "assistant: peak 190.128 requests/s" == lines[0]
    assert "  requests_per_month: 200,000,000 requests/month" in lines[1]
    assert "  diurnal_factor: 2.5 (given: demand.inference[0].diurnal_factor)" == lines[2]
    assert "  = 190.128 requests/s, 95,065 output tokens/s, 3,233 requests in flight" in lines
    assert any(line.startswith("    latency_derate: 0.55 (default: MLPerf") for line in lines)
    # 537 / 1,024 x 0.55 x 0.8 = 0.230742 requests/s; 190.128527 / 0.230742 = 823.99, in pairs
    assert "    / 1,024 output tokens of a request = 0.230 requests/s per accelerator" in lines
    assert "    if it serves alone: 824 accelerators in replicas of 2; 103 nodes of 8" == lines[-1]


def test_json_holds_whole_numbers_and_the_origin_of_every_term(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text(LLAMA))

    assert 0 == argosy("sizing", "small", "--json")
    service = json.loads(capsys.readouterr().out)["services"]["assistant"]
    h200 = service["accelerators"]["H200"]
    assert 285_192_791 == service["peak_micro_requests_per_second"]
    assert (8192, 1024, "fp8") == (h200["input_tokens"], h200["output_tokens"], h200["precision"])
    assert {"8"} == h200["nodes"].keys()
    assert ["given", "default", "default"] == [term["origin"] for term in service["terms"]]
    assert all(
        {"name", "value", "unit", "origin", "source"} == term.keys()
        for term in [*service["terms"], *h200["terms"]]
    )


def test_the_same_is_printed_each_time(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text(LLAMA))
    argosy("sizing", "small", "--json")
    first = capsys.readouterr().out
    argosy("sizing", "small", "--json")

    assert first == capsys.readouterr().out


def test_a_pinned_service_is_named_as_such(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text("nodes: 2"))

    assert 0 == argosy("sizing", "small")
    assert "pinned by `nodes`, not sized: assistant\n" == capsys.readouterr().out


def test_a_fleet_without_services_says_so(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    text = fleet_text("nodes: 2")
    project(text[: text.index("demand:")])

    assert 0 == argosy("sizing", "small")
    assert "no service to size\n" == capsys.readouterr().out


def test_an_accelerator_that_no_pool_has_is_sized_without_nodes(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text(LLAMA).replace("[H200]", "[H200, B200]"))

    assert 0 == argosy("sizing", "small")
    assert capsys.readouterr().out.splitlines()[-1].endswith("no pool for inference has it")


def test_a_service_without_a_rate_is_refused_with_exit_code_2(
    project: Project, argosy: Argosy, capsys: pytest.CaptureFixture[str]
) -> None:
    project(fleet_text(f"model: unheard-of, {SIZED}"))

    assert 2 == argosy("sizing", "small")
    told = capsys.readouterr()
    assert "" == told.out
    assert "demand.inference[0].model: given 'unheard-of', for which no rate is known" in told.err


@pytest.mark.parametrize("module", ["argosy.sizing.command", "argosy.sizing.rates_command"])
def test_listing_the_commands_does_not_load_pydantic(module: str) -> None:
    code = f"import sys, {module}; sys.exit(bool({{'pydantic', 'ruamel.yaml'}} & set(sys.modules)))"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode

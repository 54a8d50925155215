"""The sizes of a fleet's services, and the faults of those without one, at their place in the file."""

from __future__ import annotations

import pytest

from argosy.catalog import load_catalog
from argosy.errors import Fault
from argosy.sizing.fleet import fleet_sizings, node_sizes, sizing_faults
from argosy.spec.loader import LoadedFleet, load_spec

from .conftest import SIZED, Project, fleet_text

CATALOG = load_catalog()
LLAMA = f'model: "LLaMA v3.3 70B", {SIZED}'
RATES = """\
version: 1
rates:
  - {model: own, accelerator: H200, precision: fp8, input_tokens: 3000, output_tokens: 500,
     output_tokens_per_second: 1200, accelerators_per_replica: 16, at: latency target,
     ttft_ms: 2000, tpot_ms: 30, source: measured, as_of: 2026-11-27}
"""


def load(project: Project, service: str, rates: str = "") -> LoadedFleet:
    root = project(fleet_text(service, rates="rates: rates.yaml" if rates else ""))
    (root / "stacks" / "fleets" / "rates.yaml").write_text(rates)
    return load_spec("small", root)


def faults(fleet: LoadedFleet) -> list[Fault]:
    return sizing_faults(fleet, CATALOG)


def test_a_service_without_nodes_is_sized(project: Project) -> None:
    fleet = load(project, LLAMA)

    [(name, size)] = fleet_sizings(fleet, CATALOG).items()
    assert ("assistant", ["H200"]) == (name, list(size.per_accelerator))
    assert "demand.inference[0].requests_per_month" == size.terms[0].source
    assert [] == faults(fleet)


def test_a_service_that_nodes_pins_is_not_sized(project: Project) -> None:
    fleet = load(project, f"nodes: 2, model: unheard-of, {SIZED}")

    assert {} == fleet_sizings(fleet, CATALOG)
    assert [] == faults(fleet)


def test_a_service_without_a_rate_is_a_fault_at_its_model(project: Project) -> None:
    fleet = load(project, f"model: Llama 3.3 70B, {SIZED}")

    [fault] = faults(fleet)
    assert ("stacks/fleets/small.yaml", "demand.inference[0].model") == (fault.file, fault.path)
    assert fault.line
    assert "did you mean LLaMA v3.3 70B?" in fault.fix
    assert {} == fleet_sizings(fleet, CATALOG)


def test_rates_of_the_fleets_own_file_are_counted_with(project: Project) -> None:
    fleet = load(project, f"model: own, {SIZED}", RATES.replace("replica: 16", "replica: 8"))

    assert 8 == fleet_sizings(fleet, CATALOG)["assistant"].replica["H200"]


def test_a_replica_that_fits_into_no_node_is_a_fault(project: Project) -> None:
    fleet = load(project, f"model: own, {SIZED}", RATES)

    [fault] = faults(fleet)
    assert "demand.inference[0].accelerator" == fault.path
    assert "replicas of 16 H200, more than any node of the pools for inference has" == fault.given
    assert {} == fleet_sizings(fleet, CATALOG)


@pytest.mark.parametrize(
    ("role", "sizes"),
    [("inference", {"H200": (8,)}), ("training, lends: true", {"H200": (8,)}), ("training", {})],
)
def test_node_sizes_are_those_of_pools_that_may_serve(
    project: Project, role: str, sizes: dict[str, tuple[int, ...]]
) -> None:
    root = project(fleet_text("nodes: 2").replace("role: inference", f"role: {role}"))

    assert sizes == node_sizes(load_spec("small", root), CATALOG)


def test_a_pool_of_an_unknown_type_is_left_to_argosy_check(project: Project) -> None:
    root = project(fleet_text("nodes: 2").replace("p5en.48xlarge", "p9.48xlarge"))

    assert {} == node_sizes(load_spec("small", root), CATALOG)

"""The world of the sizing tests: services and rates in few words, and a project with one sized service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from argosy.cli import main
from argosy.spec.demand import InferenceDemand
from argosy.spec.rates import RateSpec

RESULTS = Path(__file__).parents[2] / "fixtures" / "rates"

SIZED = """\
requests_per_month: 200000000, input_tokens: 3000, output_tokens: 500, ttft_ms: 2000, tpot_ms: 30"""


def fleet_text(service: str, training: str = "", sites: str = "", rates: str = "") -> str:
    """A fleet file with one service."""
    return f"""\
version: 1
name: small
{rates}
sites:
  one:
    provider: aws
    region: us-east-1
    country: US
    cidr: 10.0.0.0/16
    {sites}
    node_pools:
      serve: {{instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: 2,
              capacity: {{type: on-demand}}}}
demand:
  training: [{training}]
  inference: [{{name: assistant, accelerator: [H200], {service}}}]
"""


Rate = Callable[..., RateSpec]
Service = Callable[..., InferenceDemand]
Project = Callable[[str], Path]
Argosy = Callable[..., int]


@pytest.fixture
def rate() -> Rate:
    """A rate of the model `m` on an H200, kept at 2,000 ms and 30 ms."""

    def make(tokens_per_second: str = "1200", **changed: Any) -> RateSpec:
        usual = {
            "model": "m",
            "accelerator": "H200",
            "precision": "fp8",
            "input_tokens": 3000,
            "output_tokens": 500,
            "output_tokens_per_second": Decimal(tokens_per_second),
            "at": "latency target",
            "ttft_ms": 2000,
            "tpot_ms": 30,
            "source": "measured",
            "as_of": dt.date(2026, 11, 27),
        }
        return RateSpec.model_validate(usual | changed)

    return make


@pytest.fixture
def service() -> Service:
    """A service of the model `m` with 200 million requests per month, all of whose factors are plain."""

    def make(**changed: Any) -> InferenceDemand:
        usual = {
            "name": "assistant",
            "accelerator": ["H200"],
            "model": "m",
            "requests_per_month": 200_000_000,
            "input_tokens": 3000,
            "output_tokens": 500,
            "ttft_ms": 2000,
            "tpot_ms": 30,
            "diurnal_factor": Decimal("2.5"),
            "burst_factor": 1,
            "utilisation": Decimal("0.8"),
            "availability": 1,
        }
        return InferenceDemand.model_validate(usual | changed)

    return make


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Writes the fleet file of `small`; answers the project's root, which is also the working directory."""
    fleets = tmp_path / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: argosy\n")
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        (fleets / "small.yaml").write_text(text)
        return tmp_path

    return write


@pytest.fixture
def argosy(monkeypatch: pytest.MonkeyPatch) -> Argosy:
    """Runs the command in this process; answers its exit code."""

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["argosy", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0)

    return run

"""A small project with one fleet, in a folder of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from argosy.cli import main
from argosy.errors import Fault
from argosy.providers import Capability

FLEET = """\
version: 1
name: small
sites:
  one:
    provider: aws
    region: us-east-1
    cidr: 10.0.0.0/16
    node_pools:
      serve: {instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: 2,
              capacity: {type: on-demand}}
  two:
    provider: gcp
    region: europe-west4
    account: example-project
    cidr: 10.1.0.0/16
    node_pools:
      serve: {instance_type: a3-megagpu-8g, zone: europe-west4-b, role: inference, nodes: 2,
              capacity: {type: on-demand}}
demand:
  inference: [{name: assistant, accelerator: [H200, H100], nodes: 2}]
survive:
  - {lose: any provider, keep: {inference: 1.0}, within: 15m}
"""

Argosy = Callable[..., int]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's root, which is also the working directory."""
    fleets = tmp_path / "stacks" / "fleets"
    fleets.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: argosy\n")
    (fleets / "small.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Agreeable:
    """A provider that can do everything and refuses nothing: what vendors reject is not tested here."""

    capabilities = frozenset(Capability)

    def __init__(self, name: str) -> None:
        self.name = name

    def refusals(self, _site: str, _fleet: object, _catalog: object) -> Sequence[Fault]:
        return ()


@pytest.fixture
def argosy(monkeypatch: pytest.MonkeyPatch) -> Argosy:
    """Runs the command in this process; answers its exit code."""

    providers = {name: Agreeable(name) for name in ("aws", "gcp")}
    monkeypatch.setattr("argosy.resolve.load_providers", lambda: providers)
    # A day on which no price of the catalogue is old.
    monkeypatch.setattr("argosy.cli.plan._today", lambda: dt.date(2026, 8, 1))

    def run(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["argosy", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0)

    return run

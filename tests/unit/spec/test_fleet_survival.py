"""What `survive` may say of a fleet; what it may not stands in tests/fixtures/specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy.spec.loader import load_spec
from argosy.spec.losses import LOSSES, all_domains

INVENTORY = """\
version: 1
site: oslo
server_type: dgx-h200
credentials: {username: env:BMC_USERNAME, password: env:BMC_PASSWORD}
servers: [{serial: S1, bmc: https://s1.example, rack: r1, feeds: [a, b]}]
"""
FLEET = """\
version: 1
name: fleet
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      serve: {instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: 2,
              capacity: {type: on-demand}}
  oslo:
    provider: metal
    inventory: oslo.yaml
    power:
      feeds: [{name: a, rated_kw: 60, supplier: City Grid}, {name: b, rated_kw: 60}]
      units: [{name: pdu-a, kind: pdu, rated_kw: 60, parents: [a]}]
      racks: {r1: [pdu-a, b]}
    uplinks:
      - {name: fibre-1, kind: fibre, mbps: 100, rtt_ms: 18, carrier: Nordic Fibre, conduit: East Duct,
         entry: East Wall}
      - {name: sky-1, kind: leo, mbps: 100, rtt_ms: 45, carrier: Leo North}
    claims: {path: .argosy/claims.sqlite}
    phone_home: https://provision.example
    node_pools:
      train:
        server_type: dgx-h200
        role: training
        nodes: 1
        image:
          url: https://provision.example/images/node.iso
          sha256: 9f2d5f0c7a1b4e3d8c6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d
demand:
  training: [{name: pretrain, accelerator: [H200], nodes: 1}]
  inference: [{name: assistant, accelerator: [H200], nodes: 1}]
risk_groups:
  one-river: {sites: [aws-use1], feeds: [oslo/a], uplinks: [oslo/fibre-1]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "oslo.yaml").write_text(INVENTORY)
    return tmp_path


def lines(folder: Path, *survive: str) -> int:
    (folder / "fleet.yaml").write_text(FLEET + "survive:\n" + "\n".join(f"  - {line}" for line in survive))
    return len(load_spec("./fleet.yaml", folder).spec.survive)


def test_every_line_and_every_domain_of_the_fleet_may_be_lost(folder: Path) -> None:
    lines(folder, "{lose: spot, keep: {training: 1}}")
    known = {*LOSSES, *all_domains(load_spec("./fleet.yaml", folder))}

    # Two providers, sites, zones, feeds, uplinks and carriers, and one of each other kind.
    assert len(LOSSES) + 18 == len(known)
    assert len(known) == lines(
        folder, *(f"{{lose: {words}, keep: {{training: 1}}}}" for words in sorted(known))
    )


def test_a_floor_of_one_workload_is_a_floor(folder: Path) -> None:
    assert 1 == lines(folder, "{lose: any feed, keep: {workloads: {pretrain: 1, assistant: 0}}}")

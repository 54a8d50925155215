"""A fleet of every capacity type in a folder of its own, whose files a test may write anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.catalog import Catalog, load_catalog
from argosy.spec.loader import LoadedFleet, load_spec

FLEET = """\
version: 1
name: dev
{top}
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    node_pools:
      market: {{instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: {{min: 2, max: 8}},
               capacity: {{type: on-demand}}}}
      spot: {{instance_type: p5en.48xlarge, zone: use1-az4, role: inference, nodes: {{max: 8}},
             capacity: {{type: spot}}}}
      held: {{instance_type: p5en.48xlarge, zone: use1-az4, role: training, nodes: {{min: 0, max: 8}},
             capacity: {{type: reserved, reservation: cr-1, nodes: 8}}}}
  gcp-use4:
    provider: gcp
    region: us-east4
    node_pools:
      flex: {{instance_type: a3-highgpu-8g, zone: us-east4-b, role: inference, nodes: {nodes},
             capacity: {{type: flex}}}}
      unpriced: {{instance_type: a2-highgpu-1g, zone: us-east4-b, role: inference, nodes: 1,
                 capacity: {{type: on-demand}}}}
  oslo:
    provider: metal
    inventory: oslo.yaml
    power: {{feeds: [{{name: a, rated_kw: 60}}], pue: 1.25{power}}}
    uplinks:
      - {{name: fibre, kind: fibre, mbps: 1000, rtt_ms: 18, carrier: nordic}}
      - {{name: sky, kind: leo, mbps: 200, rtt_ms: 45, carrier: sky}}
    claims: {{path: .argosy/dev/claims.sqlite}}
    phone_home: https://provision.example/phone-home
    node_pools:
      train: {{server_type: dgx-h200, role: training, nodes: {{min: 0, max: 1}},
              image: {{url: https://provision.example/node.iso, sha256: {digest}}}}}
"""
INVENTORY = """\
version: 1
site: oslo
server_type: dgx-h200
credentials: {username: env:USER, password: env:PASSWORD}
servers: [{serial: A1, bmc: https://a1.example, rack: r1, feeds: [a]}]
"""

MadeFleet = Callable[..., LoadedFleet]


@pytest.fixture
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def fleet(tmp_path: Path) -> MadeFleet:
    """Makes the fleet, with these rows in its prices file."""

    def make(
        *rows: str, usd_per_kwh: str = "", nodes: str = "2", accept_estimates: bool = False
    ) -> LoadedFleet:
        top = "accept_estimates: true\n" if accept_estimates else ""
        if rows:
            top += "prices: prices.yaml\n"
            lines = "".join(f"  - {{{row}}}\n" for row in rows)
            (tmp_path / "prices.yaml").write_text(f"version: 1\nprices:\n{lines}")
        power = f", usd_per_kwh: {usd_per_kwh}" if usd_per_kwh else ""
        text = FLEET.format(top=top, power=power, nodes=nodes, digest="9f" * 32)
        (tmp_path / "dev.yaml").write_text(text)
        (tmp_path / "oslo.yaml").write_text(INVENTORY)
        return load_spec("./dev.yaml", tmp_path)

    return make


def row(usd: str, confidence: str = "contract", **own: str) -> str:
    """One row of a prices file; keys set to nothing are left out."""
    values = {
        "node_type": "aws/p5en.48xlarge",
        "capacity_type": "on-demand",
        "usd_per_hour": usd,
        "confidence": confidence,
        "source": f"the {confidence}",
        "as_of": "2026-10-01",
        **own,
    }
    return ", ".join(f"{key}: {value}" for key, value in values.items() if value)


@pytest.fixture
def price_row() -> Callable[..., str]:
    return row

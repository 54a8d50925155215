"""A fleet file of any size, as it stands once it is loaded: cloud pools of two providers in 25 sites."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from argosy.spec.loader import LoadedFleet, meaning_sha256
from argosy.spec.models import FleetSpec

TYPES = {"aws": "p5en.48xlarge", "gcp": "a3-megagpu-8g"}


def make_fleet(pools: int, seed: int) -> LoadedFleet:
    """A fleet with that many open pools and 50 scenarios; the same for the same seed on every computer."""
    draw = random.Random(seed)
    spec = FleetSpec.model_validate(
        {
            "version": 1,
            "name": "bench",
            "sites": {f"site-{n:02d}": _site(n, pools // 25, draw) for n in range(25)},
            "demand": {"inference": [{"name": "bot", "accelerator": ["H200", "H100"], "nodes": pools * 2}]},
            "risk_groups": {
                f"group-{n}": {"sites": [f"site-{n:02d}", f"site-{n + 9:02d}"]} for n in range(10)
            },
            "survive": [
                {"lose": lose, "keep": {"inference": Decimal(share)}, "within": "15m"}
                for lose, share in (
                    ("any site", "1"),
                    ("any risk group", "0.9"),
                    ("any zone", "0.9"),
                    ("any provider", "0.4"),
                )
            ],
            "accept_estimates": True,
        }
    )
    path = Path("stacks/fleets/bench.yaml")
    return LoadedFleet("bench", path, path.parent, spec, {}, meaning_sha256(spec))


def _site(number: int, pools: int, draw: random.Random) -> dict[str, Any]:
    provider = ("aws", "gcp")[number % 2]
    return {
        "provider": provider,
        "region": "somewhere-1",
        "node_pools": {
            f"p{pool}": {
                "role": "inference",
                "nodes": {"min": 0, "max": draw.randint(2, 30)},
                "instance_type": TYPES[provider],
                "zone": f"z{draw.randrange(6)}",
                "capacity": {"type": "on-demand"},
            }
            for pool in range(pools)
        },
    }

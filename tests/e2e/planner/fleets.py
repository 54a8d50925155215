"""A fleet in which everything is open: ranges, zones, racks, jobs, spot, shares, feeds that carry a part."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from argosy.spec.loader import LoadedFleet
from argosy.spec.prices import PricesSpec

if TYPE_CHECKING:
    from conftest import World

Plain = dict[str, Any]

PRICES = {
    ("aws/p5en.48xlarge", "on-demand"): 60.0,
    ("gcp/a3-ultragpu-8g", "on-demand"): 60.2,
    ("aws/p5en.48xlarge", "spot"): 30.0,
    ("gcp/a3-ultragpu-8g", "spot"): 30.1,
}
"""Dollars per node and hour, so close that noise turns their order."""


def _open(instance_type: str, role: str, most: int, capacity: str, *zones: str) -> Plain:
    return {
        "role": role,
        "nodes": {"min": 0, "max": most},
        "instance_type": instance_type,
        "zones": zones,
        "capacity": {"type": capacity},
    }


def _servers() -> list[Plain]:
    feeds = [
        ["a", "b"],
        ["a", "b"],
        ["a"],
        ["a", "b"],
        ["b"],
        ["a", "b"],
        ["a", "b"],
        ["a"],
        ["b"],
        ["a", "b"],
    ]
    return [
        {"serial": f"S{n}", "bmc": f"https://s{n}.example", "rack": f"r{n // 4 + 1}", "feeds": [*feeds[n]]}
        for n in range(len(feeds))
    ]


def open_fleet(made: World) -> World:
    """Two clouds, spot and on-demand, a hall of ten servers, two services, three jobs, many failures."""
    p5en, a3 = "p5en.48xlarge", "a3-ultragpu-8g"
    made.cloud(
        "use1",
        "aws",
        {"serves": ["us"], "country": "US"},
        serve=_open(p5en, "inference", 30, "on-demand", "z1", "z2"),
        cheap=_open(p5en, "inference", 6, "spot", "z1"),
        train=_open(p5en, "training", 12, "on-demand", "z1"),
    )
    made.cloud(
        "euw4",
        "gcp",
        {"country": "NL"},
        serve=_open(a3, "inference", 30, "on-demand", "z1", "z2"),
        cheap=_open(a3, "inference", 6, "spot", "z1"),
        train=_open(a3, "training", 12, "on-demand", "z1"),
    )
    train = {"role": "training", "nodes": {"min": 3, "max": 8}, "server_type": "dgx-h200", "spares": 1}
    serve = {"role": "inference", "nodes": {"min": 0, "max": 4}, "server_type": "dgx-h200", "lends": True}
    norway = {"country": "NO"}
    made.hall("oslo", _servers(), {"a": 45, "b": 45}, pue="1.2", site=norway, train=train, serve=serve)
    made.serve("chat", 12, regions={"eu": Decimal("0.4"), "us": Decimal("0.6")}).serve("batch", 4)
    # What `try` writes is more than the satellite of the hall carries.
    sent: Plain = {"checkpoint_gb": 30, "checkpoint_minutes": 10, "replicated_to": ["euw4"]}
    made.train("pretrain", 5, protected=True).train("tune", 3)
    made.training.append({"name": "try", "nodes": 1, "accelerator": ["H200"]} | sent)
    made.train("archive", 2, residency=["NO"])
    east = {"sites": ["use1"], "uplinks": ["oslo/fibre-1"]}
    made.more["risk_groups"] = {"east": east, "grid": {"feeds": ["oslo/a"]}}
    made.max_share = "0.7"
    made.survive("any provider", inference="0.7", training="0.5", within="15m")
    made.survive("spot", inference="0.8").survive("any feed", inference="1", training="0.5")
    made.survive("any zone", inference="0.6", within="4h").survive("any rack", inference="0.9")
    made.survive("uplink oslo/fibre-1", training="0.5").survive("zone aws/z2", training="0.9", within="4h")
    made.survivals.append({"lose": "zone gcp/z2", "keep": {"workloads": {"try": 1}}, "within": "4h"})
    return made.survive("any risk group", inference="0.5", batch="1")


def priced(fleet: LoadedFleet, prices: Mapping[tuple[str, str], float]) -> LoadedFleet:
    """The fleet with a file of prices, by type and how it is obtained, in dollars per node and hour."""
    rows = [
        {
            "node_type": node_type,
            "capacity_type": kind,
            "usd_per_hour": Decimal(f"{usd:.6f}"),
            "confidence": "contract",
            "source": "a test",
            "as_of": "2026-01-01",
        }
        for (node_type, kind), usd in prices.items()
    ]
    return dataclasses.replace(fleet, prices=PricesSpec.model_validate({"version": 1, "prices": rows}))


def shuffled(value: Any, draw: random.Random, *, lists: bool) -> Any:
    """The value with its mappings in another order, at every depth; with `lists`, its lists as well."""
    if isinstance(value, Mapping):
        items = [
            (key, inner if key == "accelerator" else shuffled(inner, draw, lists=lists))
            for key, inner in cast("Mapping[str, Any]", value).items()
        ]
        draw.shuffle(items)
        return dict(items)
    if isinstance(value, list | tuple):
        inner = [shuffled(item, draw, lists=lists) for item in cast("list[Any]", value)]
        if lists:
            draw.shuffle(inner)
        return inner
    return value


def shuffle_world(made: World, draw: random.Random, *, lists: bool) -> World:
    """The world with everything in another order."""
    made.sites = shuffled(made.sites, draw, lists=lists)
    made.more = shuffled(made.more, draw, lists=lists)
    made.training = shuffled(made.training, draw, lists=lists)
    made.inference = shuffled(made.inference, draw, lists=lists)
    made.survivals = shuffled(made.survivals, draw, lists=lists)
    # No list of the fleet file: the order of an inventory counts for nothing at all.
    for site, inventory in list(made.inventories.items()):
        servers = list(inventory.servers)
        draw.shuffle(servers)
        made.inventories[site] = inventory.model_copy(update={"servers": tuple(servers)})
    return made

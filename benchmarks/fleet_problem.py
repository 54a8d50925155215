"""Synthetic planning problems of any size: six providers, 25 sites, six accelerators, all prices different.

The numbers are drawn by a seeded generator; they resemble a fleet's structure, not anyone's prices.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass

from argosy.planner.problem import Case, Gang, Limit, Offering, Problem, Row

PROVIDERS = ("aurora", "boreas", "cirrus", "draco", "eos", "metal")
ACCELERATORS = {"A100": 30, "H100": 55, "H200": 63, "B200": 110, "GB200": 130, "L40S": 30}
"""Name to a price around which offerings vary, in dollars per node-hour."""
REGIONS = ("us", "eu", "ap")
SERVICES = ("assistant", "code", "batch")


@dataclass(frozen=True)
class Size:
    """How large a problem is wanted."""

    pools: int
    cases: int
    nodes: int
    """Nodes of services in all, about."""
    gangs: int = 0
    gang_nodes: int = 0
    """Nodes of all gangs together."""


def make_problem(size: Size, seed: int) -> Problem:
    """A problem of that size; the same for the same seed on every computer."""
    draw = random.Random(seed)
    sites = [(f"site-{n:02d}", PROVIDERS[n % 6], REGIONS[(n + n // 6) % 3]) for n in range(25)]
    offerings = _offerings(size, sites, draw)
    rows = _rows(size, draw)
    sizes = _gang_sizes(size, draw)
    offerings = _with_large_fabrics(offerings, max(sizes, default=0))
    gangs = _gangs(sizes, offerings, draw)
    return Problem(
        tuple(offerings),
        tuple(rows),
        tuple(gangs),
        tuple(_cases(size, sites, offerings, rows, gangs, draw)),
        tuple(_limits(offerings, sites, draw)),
    ).canonical()


def _offerings(size: Size, sites: list[tuple[str, str, str]], draw: random.Random) -> list[Offering]:
    # Twice what is needed in a bad case, so that there is a choice.
    mean = max(2, round(3.0 * (size.nodes + size.gang_nodes) / size.pools))
    found: list[Offering] = []
    for number in range(size.pools):
        site, provider, region = sites[number % len(sites)]
        accelerator = draw.choice(sorted(ACCELERATORS))
        sold = "owned" if provider == "metal" else draw.choice(["on-demand", "on-demand", "reserved", "spot"])
        factor = {"owned": 0.5, "on-demand": 1.0, "reserved": 0.65, "spot": 0.4}[sold]
        price = round(ACCELERATORS[accelerator] * factor * draw.uniform(0.8, 1.25) * 1_000_000)
        high = draw.choice([mean // 2, mean, mean, 2 * mean, 4 * mean, 8 * mean]) or 1
        name = f"{site}/p{number:05d}-{sold}"
        found.append(Offering(name, name, provider, f"{accelerator} {region}", 0, high, 1, price, 8))
    return found


def _rows(size: Size, draw: random.Random) -> list[Row]:
    # The cheapest nodes are mostly H200, B200 and GB200: with these speeds `nodes` comes out about right.
    speed = {"A100": 170, "H100": 420, "H200": 550, "B200": 1100, "GB200": 1200, "L40S": 105}
    found: list[Row] = []
    for service in SERVICES:
        for region in REGIONS:
            # Europe's answers come from Europe; the others may be answered next door.
            near = {"us": ("us", "eu"), "eu": ("eu",), "ap": ("ap", "us")}[region]
            bend = {name: draw.uniform(0.8, 1.2) for name in sorted(speed)}
            rates = {
                f"{name} {where}": round(1000 * speed[name] * bend[name])
                for name in sorted(speed)
                for where in near
            }
            share = size.nodes / (len(SERVICES) * len(REGIONS)) * draw.uniform(0.6, 1.4)
            found.append(
                Row(f"inference/{service}@{region}", f"inference/{service}", round(share * 1_000_000), rates)
            )
    return found


def _gang_sizes(size: Size, draw: random.Random) -> list[int]:
    weights = [draw.choice([8, 8, 16, 16, 32, 64, 128]) for _ in range(size.gangs)]
    return [min(128, max(2, round(weight * size.gang_nodes / sum(weights)))) for weight in weights]


def _with_large_fabrics(offerings: list[Offering], largest: int) -> list[Offering]:
    # A fabric is as large as the largest job, or the fleet could not train at all: one pool in twelve.
    return [
        dataclasses.replace(offering, high=max(offering.high, 2 * largest)) if place % 12 == 0 else offering
        for place, offering in enumerate(offerings)
    ]


def _gangs(sizes: list[int], offerings: list[Offering], draw: random.Random) -> list[Gang]:
    found: list[Gang] = []
    for number, nodes in enumerate(sizes):
        allowed = sorted(draw.sample(["H100", "H200", "B200", "GB200"], 2))
        pools = {
            offering.pool: nodes
            for offering in offerings
            if offering.kind.split()[0] in allowed
            and not offering.id.endswith("spot")
            and offering.high >= nodes
        }
        found.append(Gang(f"training/job-{number:02d}", number % 2 == 0, pools, frozenset(pools), nodes))
    return found


def _cases(
    size: Size,
    sites: list[tuple[str, str, str]],
    offerings: list[Offering],
    rows: list[Row],
    gangs: list[Gang],
    draw: random.Random,
) -> list[Case]:
    named: list[tuple[str, str, int, float, set[str]]] = []
    for provider in PROVIDERS:
        named.append((f"lose provider {provider}", "15m", 15, 0.7, {provider}))
    for site, _, _ in sites:
        named.append((f"lose site {site}", "0", 0, 0.85, {site}))
    named.append(("lose spot", "0", 0, 0.9, {"spot"}))
    for first in range(6):
        for second in range(first + 1, 6):
            pair = {PROVIDERS[first], PROVIDERS[second]}
            named.append((f"lose providers {' and '.join(sorted(pair))}", "4h", 240, 0.4, pair))
    for number in range(200):
        named.append((f"lose feed {number}", "0", 0, 0.95, {f"feed-{number}"}))
    found = [_nominal(rows, gangs)]
    for name, within, minutes, floor, gone in named[: size.cases - 1]:
        lost = frozenset(
            offering.id
            for place, offering in enumerate(offerings)
            if offering.provider in gone
            or offering.id.partition("/")[0] in gone
            or ("spot" in gone and offering.id.endswith("spot"))
            or f"feed-{place % 211}" in gone
        )
        floors = {row.id: round(row.demand * floor) for row in rows}
        jobs = frozenset(gang.id for gang in gangs if gang.protected)
        found.append(Case(name, within, minutes, lost, frozenset(), (), (), floors, jobs, 0))
    del draw
    return found


def _nominal(rows: list[Row], gangs: list[Gang]) -> Case:
    return Case(
        "nothing lost",
        "0",
        0,
        frozenset(),
        frozenset(),
        (),
        (),
        {row.id: row.demand for row in rows},
        frozenset(gang.id for gang in gangs),
        0,
    )


def _limits(offerings: list[Offering], sites: list[tuple[str, str, str]], draw: random.Random) -> list[Limit]:
    found: list[Limit] = []
    for provider in PROVIDERS:
        shares = {
            offering.id: offering.accelerators * (65 if offering.provider == provider else -35)
            for offering in offerings
        }
        found.append(Limit(f"share {provider}", "max_share.provider", shares, upper=0))
    for site, _, _ in sites:
        here = [offering for offering in offerings if offering.id.startswith(f"{site}/")]
        watts = {offering.id: draw.choice([6, 10, 14]) * 1000 for offering in here}
        room = sum(watts[offering.id] * offering.high for offering in here)
        found.append(Limit(f"power {site}", f"sites.{site}.power", watts, upper=round(0.5 * room)))
    return found

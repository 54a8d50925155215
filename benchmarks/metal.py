"""Times the bare-metal provider on simulated servers, against its limit and against Ironic; prints a table.

    .venv/bin/python benchmarks/metal.py [--servers N] [--without-ironic | --ironic-to-the-end]

The provider is the plugin's own process, asked over gRPC as the engine asks it; the engine is left out. The
simulator is a process of its own. In one run, on one computer:

- 1,000 servers, claimed and installed, against the limit that the hall's budgets set (`metal_limit.py`),
- the same 1,000 machines read, as a refresh reads them,
- what the simulator counted: writers and connections of any BMC, readers, starts, installations,
- 100 servers by our provider and by Ironic standalone with its default settings (`metal_ironic.py`), which is
  stopped once it has had six times our time: the ratio is then a least one.

The simulated steps are the simulator's own durations, forty times as quick, so that the budgets bind and not
the processor. Exit code 1: a figure is over its limit. It takes about four minutes on two cores that do
nothing else; on busy ones the figures say nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

from metal_hall import CONNECTIONS, HALL, IMAGE, Counted, Scene, Simulator, simulated
from metal_ironic import IronicRun, bring_up_by_ironic, simulated_with_ports
from metal_limit import limits_seconds
from metal_plugin import Plugin, running_plugin

MOST_OVER_LIMIT = 1.15
MOST_MEGABYTES = 300
MOST_READ_SECONDS = 20
LEAST_QUICKER = 5
IRONIC_STOPS = 6
"""So many times our time Ironic gets; what it has not done by then takes longer still."""
SERVERS, AGAINST_IRONIC = 1000, 100


@dataclass(frozen=True)
class Row:
    """One figure and what it may be."""

    what: str
    found: float
    limit: float
    is_least: bool = False
    """The figure may not be less than the limit, instead of more."""

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.found >= self.limit if self.is_least else self.found <= self.limit


@dataclass(frozen=True)
class Spent:
    """What one part of the run took."""

    seconds: float
    plugin: float
    """Processor seconds."""
    simulator: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s, processor: provider {self.plugin:.1f} s, simulator {self.simulator:.1f} s"
        )


@dataclass(frozen=True)
class OurRun:
    """What our provider took for a hall."""

    claims: Spent
    machines: Spent
    read: Spent
    megabytes: float
    counted: Counted

    @property
    def seconds(self) -> float:
        """From the first claim until the last installed system has reported."""
        return self.claims.seconds + self.machines.seconds


class Stopwatch:
    """Takes the times of one part after another."""

    def __init__(self, plugin: Plugin, simulator: Simulator) -> None:
        self._plugin = plugin
        self._simulator = simulator
        self._last = self._now()

    def lap(self) -> Spent:
        """Since the last one."""
        before, self._last = self._last, self._now()
        return Spent(*(now - then for then, now in zip(before, self._last, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        return time.monotonic(), self._plugin.processor_seconds, self._simulator.processor_seconds


def big_scene(servers: int) -> Scene:
    """Fifteen seconds for a server of its own; a tenth of the hall reads at once."""
    readers = max(1, servers // 10)
    return Scene(
        servers,
        time_scale=40,
        machines_in_flight=readers * 3 // 2,
        image_readers=readers,
        starts_per_window=20,
        window_seconds=1,
    )


def quick_scene(servers: int) -> Scene:
    """All at once, on servers that need less than a second."""
    return Scene(
        servers,
        time_scale=600,
        machines_in_flight=servers,
        image_readers=servers,
        starts_per_window=servers,
        window_seconds=1,
        server_type="plain",
    )


async def bring_up(simulator: Simulator) -> OurRun:
    """Claim and install every server of the hall, then read every machine."""
    scene = simulator.scene
    async with running_plugin(simulator.root) as plugin:
        await plugin.configure(config_of(scene))
        claims = [scene.claim(number) for number in range(scene.servers)]
        watch = Stopwatch(plugin, simulator)
        await plugin.create_claims(claims)
        claimed = watch.lap()
        states = await plugin.create_machines(claims, IMAGE)
        installed = watch.lap()
        seen = await plugin.read_machines(states)
        read = watch.lap()
        check(states, seen)
        megabytes = plugin.peak_megabytes
    return OurRun(claimed, installed, read, megabytes, simulator.counted())


def config_of(scene: Scene) -> Mapping[str, Any]:
    """The provider's configuration."""
    return {
        "claims": {"backend": "sqlite", "path": "claims.sqlite"},
        "phoneHome": f"https://provision.{HALL}.test/phone-home",
        "simulatorDirectory": "simulator",
        "budgets": scene.budget_inputs,
    }


def check(states: Sequence[Mapping[str, Any]], seen: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to give figures of machines that do not run."""
    for state, found in zip(states, seen, strict=True):
        if (state["phase"], state["power"]) != ("running", "On") or found != state:
            raise SystemExit(f"{state['serverId']} does not run as it should: {state}, and then {found}")


def rows_of(run: OurRun, scene: Scene) -> list[Row]:
    """Every figure of the big hall."""
    limit = max(limits_seconds(scene.servers, scene.steps, scene.budgets).values())
    counted = run.counted
    return [
        Row("brought up, of the limit", run.seconds / limit, MOST_OVER_LIMIT),
        Row("provider's memory at its peak, MB", run.megabytes, MOST_MEGABYTES),
        Row("all machines read, seconds", run.read.seconds, MOST_READ_SECONDS),
        Row("writers on one BMC at once", counted.peak_writers, 1),
        Row("connections to one BMC at once", counted.peak_connections, CONNECTIONS),
        Row("machines reading the image at once", counted.peak_readers, scene.image_readers),
        Row("starts within a window on one feed", counted.peak_starts, scene.starts_per_window),
        Row("installations of one server", counted.most_installs_of_one, 1),
        Row("servers installed", counted.installs, scene.servers, is_least=True),
        Row("sessions left on BMCs", counted.sessions_left, 0),
    ]


def show(title: str, rows: Sequence[Row]) -> None:
    """Every figure beside its limit."""
    table = Table(title=title)
    for column in ("figure", "found", "limit", ""):
        table.add_column(column)
    for row in rows:
        bound = f"{'≥' if row.is_least else '≤'} {row.limit:g}"
        table.add_row(row.what, f"{row.found:,.2f}".removesuffix(".00"), bound, "" if row.holds else "missed")
    Console(width=110).print(table)


def measure_hall(servers: int) -> list[Row]:
    """The big hall."""
    scene = big_scene(servers)
    with tempfile.TemporaryDirectory() as folder, simulated(scene, Path(folder)) as simulator:
        run = asyncio.run(bring_up(simulator))
    rows = rows_of(run, scene)
    show(f"{servers:,} servers of {scene.steps.reading:.1f} s each", rows)
    for name, seconds in limits_seconds(servers, scene.steps, scene.budgets).items():
        print(f"limit by {name}: {seconds:.1f} s")
    print(f"claims:   {run.claims}")
    print(f"machines: {run.machines}")
    print(f"read:     {run.read}")
    return rows


def measure_ironic(servers: int, *, to_the_end: bool) -> list[Row]:
    """Both on a hall that is new to each."""
    scene = quick_scene(servers)
    with tempfile.TemporaryDirectory() as folder, simulated_with_ports(scene, Path(folder)) as (simulator, _):
        ours = asyncio.run(bring_up(simulator))
    with (
        tempfile.TemporaryDirectory() as folder,
        simulated_with_ports(scene, Path(folder)) as (simulator, ports),
    ):
        limit = 3600 if to_the_end else IRONIC_STOPS * ours.seconds
        theirs = bring_up_by_ironic(simulator, ports, Path(folder), limit)
    rows = [
        Row("Ironic's time by ours", theirs.seconds / ours.seconds, LEAST_QUICKER, is_least=True),
        Row("servers that Ironic failed on", len(theirs.failed), 0),
    ]
    show(f"{servers:,} servers, by Ironic and by us", rows)
    show_both(ours, theirs)
    return rows


def show_both(ours: OurRun, theirs: IronicRun) -> None:
    """The seconds behind the ratio."""
    print(f"Ironic: {theirs.active} of {ours.counted.installs} nodes active after {theirs.seconds:.1f} s")
    print(f"ours:   claimed {ours.claims.seconds:.1f} s, running {ours.seconds:.1f} s")
    for failure in theirs.failed[:3]:
        print(failure)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Time the bare-metal provider on simulated servers.")
    parser.add_argument("--servers", type=int, default=SERVERS)
    parser.add_argument("--without-ironic", action="store_true")
    parser.add_argument("--ironic-to-the-end", action="store_true", help="wait until Ironic is done")
    given = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f}" + (", too busy to measure" if load > 1 else ""))
    started = time.monotonic()
    rows = measure_hall(given.servers)
    if not given.without_ironic:
        rows += measure_ironic(min(AGAINST_IRONIC, given.servers), to_the_end=given.ironic_to_the_end)
    missed = [row.what for row in rows if not row.holds]
    print(f"{time.monotonic() - started:.0f} s in all")
    print(f"missed: {', '.join(missed)}" if missed else "every figure is within its limit")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

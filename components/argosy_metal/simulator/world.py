"""What is simulated, as plain values: halls, feeds, servers, images, durations, and what goes wrong when."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from argosy.site_facts.supplies import Supplies
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.switches import HallEvent

USERNAME = "argosy"
"""The account on every simulated BMC."""


@dataclass(frozen=True)
class SimulatedServer:
    """One server. Its BMC answers under `bmc_host`."""

    bmc_host: str
    serial: str
    server_type: str
    rack: str
    feeds: tuple[str, ...] = ()
    """The feeds its power supplies hang on; none: it never lacks power."""
    vendor: str | None = None
    """A file of `vendors/`; None: whoever builds the server type, else a BMC that keeps to the standard."""
    max_watts: int = 0
    """Most that it draws, by the catalogue; 0: not known, and it weighs nothing on its feeds."""
    supplies: Supplies | None = None
    """In a hall with units or racks, so many must have power; None: any inlet carries it."""
    accelerators: int | None = None
    """How many its installed system finds in it; None: those that its BMC shows."""


@dataclass(frozen=True)
class SimulatedFeed:
    """One supply of power into a hall, with its breaker."""

    name: str
    rated_watts: int
    """What it carries for as long as one likes, cooling included."""
    parents: tuple[str, ...] = ()
    """Units that it hangs on, in the order in which they take over; none: it is a utility's."""


@dataclass(frozen=True)
class SimulatedUnit:
    """A power unit, as a fleet file describes it, with its breaker."""

    name: str
    kind: str
    """`utility`, `generator`, `ups`, `switchboard`, `pdu`, `rack-pdu` or `power-shelf`."""
    rated_watts: int
    parents: tuple[str, ...] = ()
    """Feeds or units that it hangs on: all its load is on the first that is live."""
    minutes: int = 0
    """How long a UPS or a generator carries, whatever its load."""
    start_seconds: int = 0
    """How long a generator takes until it carries."""


@dataclass(frozen=True)
class PowerRules:
    """How servers draw power and breakers trip. Shares are of a server's `max_watts`.

    Orders of magnitude of GPU servers, not measured on any; the start-up figures are those of a vendor's
    article: three to five times the load for 20 to 50 ms.
    """

    standby: float = 0.02
    """Off, with its BMC awake."""
    self_test: float = 0.5
    idle: float = 0.25
    """On, with nothing to boot."""
    installing: float = 0.4
    running: float = 1.0
    """The operating system runs, and work may come at any time."""
    inrush: float = 3.0
    """How many times `max_watts` it draws right after power-on."""
    inrush_seconds: float = 0.05
    breaker_seconds: float = 5.0
    """A breaker trips when its feed has carried more than its rating for longer than this."""
    bmc_boot_seconds: float = 60.0
    """From the return of power until a BMC answers."""


@dataclass(frozen=True)
class SimulatedHall:
    """One hall: its servers, and the service that keeps images and hears machines phone home."""

    name: str
    provision_host: str
    """E.g. `provision.hall-north.test`."""
    servers: tuple[SimulatedServer, ...]
    feeds: tuple[SimulatedFeed, ...] = ()
    """A feed that only servers name has no breaker."""
    units: tuple[SimulatedUnit, ...] = ()
    racks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Rack to the units that it hangs on. A server hangs on those that lead up to its own feeds; with no rack
    here, on its feeds."""
    uplinks: tuple[str, ...] = ()
    """Ways out; none named: one called `uplink`."""
    pue: float = 1.0
    """Watts that feeds and units carry for each watt that servers draw, rack PDUs and power shelves apart."""
    bmc_has_own_supply: bool = False
    """BMCs hang on a supply of their own and answer while their servers are without power."""
    installer_powers_off: bool = False
    """A done installer reports `stage: installed` and powers its server off, instead of rebooting."""


@dataclass(frozen=True)
class Durations:
    """How long things take, in simulated seconds. Orders of magnitude of GPU servers, not of one model."""

    power_on: float = 5
    power_off: float = 5
    graceful_shutdown: float = 20
    post: float = 120
    """Power-on self-test, until the first boot device is tried."""
    install: float = 300
    boot: float = 60
    """From the boot loader until the operating system phones home."""
    task: float = 4
    """How long a task that the BMC answers with stays running."""


@dataclass(frozen=True)
class SimulatorConfig:
    """Everything a simulator is started with."""

    halls: tuple[SimulatedHall, ...]
    time_scale: float = 1
    """Simulated seconds per real second."""
    durations: Durations = field(default_factory=Durations)
    images: tuple[str, ...] = ("node",)
    """Names of the installer images that every hall's service offers as `/images/NAME.iso`."""
    session_limit: int = 8
    """Per BMC; iDRACs come set to 8."""
    faults: tuple[FaultRule, ...] = ()
    power: PowerRules = field(default_factory=PowerRules)
    image_bytes: int = 30_000_000_000
    """What an installing machine reads from its hall's image cache; only counted."""
    events: tuple[HallEvent, ...] = ()
    """What is switched at which simulated time."""

    def digest(self) -> str:
        """Equal for equal configurations."""
        return hashlib.sha256(_CONFIG.dump_json(self)).hexdigest()

    def write(self, path: Path) -> None:
        """Write it as JSON, at once as a whole."""
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.write_bytes(_CONFIG.dump_json(self, indent=2))
        os.replace(unfinished, path)


_CONFIG = TypeAdapter(SimulatorConfig)


def read_config(path: Path) -> SimulatorConfig:
    """A configuration that `SimulatorConfig.write` wrote."""
    return _CONFIG.validate_json(path.read_bytes())


def image_bytes(name: str) -> bytes:
    """The content of a simulated installer image."""
    return f"argosy simulated installer image: {name}\n".encode()


def image_sha256(name: str) -> str:
    """Its digest, as a fleet file names it."""
    return hashlib.sha256(image_bytes(name)).hexdigest()

"""All halls of one simulator: which host name is which BMC or service, and what each answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.clock import SimulatedClock
from argosy_metal.simulator.faults import Faults
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.provisioning import ImageCache
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request, answer
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.world import SimulatorConfig

_NOT_FOUND = Reply(404, {"error": "there is nothing here"})


class Simulation:
    """The halls. `answer` is the only way in for clients."""

    def __init__(
        self, config: SimulatorConfig, clock: SimulatedClock, store: MachineStore, password: str
    ) -> None:
        self.clock = clock
        self.faults = Faults(config.faults)
        self._store = store
        self._password = password
        self._caches = {
            hall.provision_host: ImageCache(hall.provision_host, config.images) for hall in config.halls
        }
        self._bmcs = self._build(config, store.load())
        self._by_serial = {bmc.server.serial: bmc for bmc in self._bmcs.values()}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name that is simulated, sorted."""
        return tuple(sorted([*self._bmcs, *self._caches]))

    def bmc_of_host(self, host: str) -> Bmc | None:
        """The BMC that answers under this name."""
        return self._bmcs.get(host)

    def bmc(self, serial: str) -> Bmc:
        """The BMC of a server.

        Raises KeyError if there is none of that serial number.
        """
        return self._by_serial[serial]

    def answer(self, host: str, request: Request) -> Reply:
        """Carry out one request that came to `host`."""
        bmc = self._bmcs.get(host)
        if bmc is not None:
            reply = answer(bmc, request, self._password)
            self._save(bmc)
            return reply
        cache = self._caches.get(host)
        return self._provision(host, cache, request.path) if cache else _NOT_FOUND

    def statuses(self) -> list[dict[str, Any]]:
        """What the control service shows, by serial number."""
        shown = [bmc.status() for _, bmc in sorted(self._by_serial.items())]
        self.save()
        return shown

    def writes(self) -> list[dict[str, Any]]:
        """Every write to a server that is still remembered, oldest first."""
        found = (
            {"serial": serial} | asdict(write)
            for serial, bmc in sorted(self._by_serial.items())
            for write in bmc.traffic.writes
        )
        return sorted(found, key=lambda write: write["at"])

    def save(self) -> None:
        """Keep every state that has changed, and the time."""
        for bmc in self._bmcs.values():
            self._save(bmc)
        self._store.tick(self.clock.now())

    def _build(self, config: SimulatorConfig, states: Mapping[str, MachineState]) -> dict[str, Bmc]:
        return {
            server.bmc_host: Bmc(
                hall,
                server,
                config,
                self.clock,
                self._caches[hall.provision_host],
                states.get(server.serial),
            )
            for hall in config.halls
            for server in hall.servers
        }

    def _provision(self, host: str, cache: ImageCache, path: str) -> Reply:
        content = cache.content(path)
        if content is not None:
            return Reply(200, content=content)
        bmc = self._by_serial.get(path.removeprefix("/phone-home/"))
        if bmc is None or bmc.hall.provision_host != host:
            return _NOT_FOUND
        bmc.advance()
        self._save(bmc)
        heard = bmc.machine.state.phone_home
        return Reply(200, asdict(heard)) if heard else _NOT_FOUND

    def _save(self, bmc: Bmc) -> None:
        if bmc.machine.changed:
            self._store.save(bmc.server.serial, bmc.machine.state, self.clock.now())
            bmc.machine.changed = False

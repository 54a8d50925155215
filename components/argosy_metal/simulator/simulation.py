"""All halls of one simulation: which host name is which BMC or service, and what each answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from argosy_metal.provisioning.installs import Installs
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.clock import SimulatedClock
from argosy_metal.simulator.events import events_by_hall
from argosy_metal.simulator.faults import Faults
from argosy_metal.simulator.hall_run import HallRun
from argosy_metal.simulator.hall_service import HallService
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.provisioning import ImageCache
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request, answer
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.switches import Switch, SwitchBoard, SwitchError
from argosy_metal.simulator.world import SimulatedHall, SimulatedServer, SimulatorConfig

_NOT_FOUND = Reply(404, {"error": "there is nothing here"})


class Simulation:
    """The halls. `answer` is the only way in for clients."""

    def __init__(
        self,
        config: SimulatorConfig,
        clock: SimulatedClock,
        store: MachineStore,
        password: str,
        installs: Installs | None = None,
        hall_token: str = "",
    ) -> None:
        """Offers to installers are kept in `installs`, and taken from who has `hall_token`."""
        self.clock = clock
        self.faults = Faults(config.faults)
        self._config = config
        self._store = store
        self._password = password
        self._caches = {
            hall.provision_host: ImageCache(hall.provision_host, config.images, installs)
            for hall in config.halls
        }
        self._services = {
            host: HallService(cache, installs, hall_token) for host, cache in self._caches.items()
        }
        self._bmcs: dict[str, Bmc] = {}
        self._by_serial: dict[str, Bmc] = {}
        self._runs: dict[str, HallRun] = {}
        self._run_of_host: dict[str, HallRun] = {}
        states, boards = store.load(), store.boards()
        for hall in config.halls:
            self._add_hall(hall, states, boards.get(hall.name, SwitchBoard()))
        self._start_halls()

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name that is simulated, sorted."""
        return tuple(sorted([*self._bmcs, *self._caches]))

    def knows(self, host: str) -> bool:
        """Whether this is the name of a BMC or of a hall's service."""
        return host in self._run_of_host

    def bmc_of_host(self, host: str) -> Bmc | None:
        """The BMC that answers under this name."""
        return self._bmcs.get(host)

    def bmc(self, serial: str) -> Bmc:
        """The BMC of a server.

        Raises KeyError if there is none of that serial number.
        """
        return self._by_serial[serial]

    def hall(self, name: str) -> HallRun:
        """One hall in time.

        Raises KeyError if there is none of that name.
        """
        return self._runs[name]

    def advance(self) -> None:
        """Bring every hall up to the present."""
        now = self.clock.now()
        for run in self._runs.values():
            run.advance(now)
        if any(run.changed for run in self._runs.values()):
            self.save()

    def reaches(self, host: str) -> bool:
        """Whether a connection to this host gets anywhere right now; unknown hosts are the gateway's."""
        run = self._run_of_host.get(host)
        if run is None:
            return True
        now = self._catch_up(run)
        bmc = self._bmcs.get(host)
        return run.reaches_services() if bmc is None else run.reaches_bmc(bmc.server.serial, now)

    def answer(self, host: str, request: Request, password: str | None = None) -> Reply:
        """Carry out one request that came to `host`; BMCs take `password` instead of their own, if given."""
        bmc = self._bmcs.get(host)
        if bmc is not None:
            reply = answer(bmc, request, self._password if password is None else password)
            self._settle(bmc)
            return reply
        service = self._services.get(host)
        if service is None:
            return _NOT_FOUND
        # What firmware has asked for by now, it got from the offers as they were.
        self._catch_up(self._run_of_host[host])
        return service.answer(request, partial(self._server_of, host))

    def switch(self, switch: Switch, *, on: bool) -> None:
        """Switch something off, or on again.

        Raises SwitchError if there is no such thing.
        """
        run = self._run_of(switch.owner, is_hall=switch.names_a_hall)
        now = self.clock.now()
        run.advance(now)
        run.switch(switch, now, on=on)
        self.save()

    def swap(self, serial: str, other: str) -> None:
        """Put other hardware, of the serial number `other`, in the place of a server.

        Raises SwitchError if there is no such server, or the other one is here already.
        """
        if other in self._by_serial or not other:
            raise SwitchError(f"{other!r} is no serial number that is free")
        run, now = self._run_of(serial, is_hall=False), self.clock.now()
        run.advance(now)
        run.swap(serial, other, now)
        self.save()

    def halls(self) -> list[dict[str, Any]]:
        """What the control service shows of each hall."""
        self.advance()
        return [
            run.shown() | {"peak_image_bytes": run.installers.peak * self._config.image_bytes}
            for run in self._runs.values()
        ]

    def reset_peaks(self) -> None:
        """Measure all peaks from now on."""
        self.advance()
        for run in self._runs.values():
            run.reset_peaks()
        for bmc in self._bmcs.values():
            bmc.traffic.reset_peaks()

    def statuses(self) -> list[dict[str, Any]]:
        """What the control service shows, by serial number."""
        self.advance()
        shown = [
            bmc.status()
            | {
                "has_power": self._run_of_host[bmc.server.bmc_host].has_power(serial),
                "offer": self._services[bmc.hall.provision_host].offer_to(bmc),
            }
            for serial, bmc in sorted(self._by_serial.items())
        ]
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
        with self._store.together():
            for bmc in self._bmcs.values():
                self._save(bmc)
            for run in self._runs.values():
                if run.changed:
                    self._store.save_board(run.hall.name, run.board)
                    run.changed = False
            self._store.tick(self.clock.now())

    def _add_hall(self, hall: SimulatedHall, states: Mapping[str, MachineState], board: SwitchBoard) -> None:
        bmcs = [
            self._build(hall, replace(server, serial=board.swapped.get(server.serial, server.serial)), states)
            for server in hall.servers
        ]
        run = HallRun(hall, bmcs, self._config.power, board, partial(self._swap, hall))
        self._runs[hall.name] = run
        self._run_of_host[hall.provision_host] = run
        for bmc in bmcs:
            self._run_of_host[bmc.server.bmc_host] = run

    def _build(self, hall: SimulatedHall, server: SimulatedServer, states: Mapping[str, MachineState]) -> Bmc:
        cache, state = self._caches[hall.provision_host], states.get(server.serial)
        bmc = Bmc(hall, server, self._config, self.clock, cache, state)
        self._bmcs[server.bmc_host] = self._by_serial[server.serial] = bmc
        return bmc

    def _swap(self, hall: SimulatedHall, bmc: Bmc, other: str) -> Bmc:
        del self._by_serial[bmc.server.serial]
        return self._build(hall, replace(bmc.server, serial=other), {})

    def _start_halls(self) -> None:
        now = self._store.now()
        events = events_by_hall(self._config)
        for name, run in self._runs.items():
            run.start(now, events.get(name, ()))
        self.save()

    def _catch_up(self, run: HallRun) -> float:
        """Bring one hall up to the present, and keep what changed; the present."""
        now = self.clock.now()
        run.advance(now)
        if run.changed:
            self.save()
        return now

    def _server_of(self, host: str, serial: str) -> Bmc | None:
        """A server of the hall whose service answers under `host`, brought up to the present."""
        bmc = self._by_serial.get(serial)
        if bmc is None or bmc.hall.provision_host != host:
            return None
        bmc.advance()
        self._settle(bmc)
        return bmc

    def _run_of(self, owner: str, *, is_hall: bool) -> HallRun:
        bmc = None if is_hall else self._by_serial.get(owner)
        run = self._runs.get(bmc.hall.name if bmc is not None else owner) if bmc or is_hall else None
        if run is None:
            raise SwitchError(f"there is no {'hall' if is_hall else 'server'} {owner!r}")
        return run

    def _settle(self, bmc: Bmc) -> None:
        """A request may have changed this BMC's machine, and time may have changed its hall."""
        run = self._run_of_host[bmc.server.bmc_host]
        # Its hardware may have been swapped in this very moment.
        if bmc.machine.changed and self._bmcs[bmc.server.bmc_host] is bmc:
            run.settle(bmc.server.serial, self.clock.now())
            self._save(bmc)
        if run.changed:
            self.save()

    def _save(self, bmc: Bmc) -> None:
        if bmc.machine.changed:
            self._store.save(bmc.server.serial, bmc.machine.state, self.clock.now())
            bmc.machine.changed = False

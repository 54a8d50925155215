"""The control service, on `control.test`: counters, writes, faults, and what is switched by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.types import StringConstraints

from argosy_metal.simulator.delivery import Delivery
from argosy_metal.simulator.fault_rules import parse_faults
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.switches import SwitchError, parse_switch

CONTROL_HOST = "control.test"
_ROOT = "/_control/"


class CutOrder(BaseModel):
    """`{"cut": "feed oslo/a"}`."""

    model_config = ConfigDict(extra="forbid")

    cut: str


class RestoreOrder(BaseModel):
    """`{"restore": "feed oslo/a"}`."""

    model_config = ConfigDict(extra="forbid")

    restore: str


class SwapOrder(BaseModel):
    """`{"serial": "SN1", "other": "SN9"}`."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    other: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


_SWITCH: TypeAdapter[CutOrder | RestoreOrder] = TypeAdapter(CutOrder | RestoreOrder)
_SWAP = TypeAdapter(SwapOrder)


class ControlService:
    """Answers whoever runs the simulator."""

    def __init__(self, simulation: Simulation, delivery: Delivery, identity: Mapping[str, Any]) -> None:
        self._simulation = simulation
        self._delivery = delivery
        self._identity = identity

    def answer(self, request: Request) -> Reply:
        """Carry out one order, or answer one question."""
        name = request.path.removeprefix(_ROOT)
        try:
            return self._ask(name) if request.method == "GET" else self._obey(request.method, name, request)
        except (ValidationError, SwitchError) as invalid:
            return Reply(400, {"error": str(invalid)})

    def _ask(self, name: str) -> Reply:
        simulation = self._simulation
        match name:
            case "identity":
                return Reply(200, dict(self._identity))
            case "servers":
                return Reply(200, {"now": simulation.clock.now(), "servers": simulation.statuses()})
            case "halls":
                return Reply(200, {"now": simulation.clock.now(), "halls": simulation.halls()})
            case "requests":
                return Reply(200, {"requests": simulation.faults.requests, "held": self._delivery.held})
            case "writes":
                return Reply(200, {"writes": simulation.writes()})
            case "faults":
                return Reply(200, {"faults": simulation.faults.shown()})
            case _:
                return Reply(404, {"error": "no such control"})

    def _obey(self, method: str, name: str, request: Request) -> Reply:
        simulation = self._simulation
        match method, name:
            case "POST", "faults":
                simulation.faults.add(parse_faults(request.body))
            case "DELETE", "faults":
                simulation.faults.clear()
                self._delivery.release()
            case "POST", "switches":
                order = _SWITCH.validate_json(request.body)
                words = order.cut if isinstance(order, CutOrder) else order.restore
                simulation.switch(parse_switch(words), on=isinstance(order, RestoreOrder))
            case "POST", "swaps":
                swap = _SWAP.validate_json(request.body)
                simulation.swap(swap.serial, swap.other)
            case "DELETE", "peaks":
                simulation.reset_peaks()
            case "DELETE", "held":
                self._delivery.release()
            case _:
                return Reply(404, {"error": "no such control"})
        return Reply(204)

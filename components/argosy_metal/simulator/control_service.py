"""The control service, on `control.test`: counters, writes, faults, and what is switched by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.types import StringConstraints

from argosy_metal.simulator.delivery import Delivery
from argosy_metal.simulator.fault_rules import FaultScriptError, parse_faults
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.switches import SwitchError, parse_switch

CONTROL_HOST = "control.test"
_ROOT = "/_control/"


class SwitchOrder(BaseModel):
    """`{"cut": "feed oslo/a"}`, or the same with `restore`."""

    model_config = ConfigDict(extra="forbid")

    cut: str | None = None
    restore: str | None = None


class SwapOrder(BaseModel):
    """`{"serial": "SN1", "other": "SN9"}`."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    other: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class OrderError(ValueError):
    """A body that is no order; the message says what one looks like."""


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
        except (FaultScriptError, OrderError, SwitchError) as invalid:
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
                words, on = _switch(request.body)
                simulation.switch(parse_switch(words), on=on)
            case "POST", "swaps":
                swap = _swap(request.body)
                simulation.swap(swap.serial, swap.other)
            case "DELETE", "peaks":
                simulation.reset_peaks()
            case "DELETE", "held":
                self._delivery.release()
            case _:
                return Reply(404, {"error": "no such control"})
        return Reply(204)


def _switch(body: bytes) -> tuple[str, bool]:
    """The words of what is switched, and whether it is switched on."""
    try:
        order = SwitchOrder.model_validate_json(body)
    except ValidationError:
        order = SwitchOrder()
    if (order.cut is None) == (order.restore is None):
        raise OrderError('expected {"cut": WORDS} or {"restore": WORDS}, e.g. {"cut": "feed oslo/a"}')
    return order.cut or order.restore or "", order.restore is not None


def _swap(body: bytes) -> SwapOrder:
    try:
        return SwapOrder.model_validate_json(body)
    except ValidationError:
        raise OrderError(
            'expected {"serial": SERIAL, "other": SERIAL}; a serial number has up to 64 letters, digits, '
            "dots, hyphens and underscores"
        ) from None

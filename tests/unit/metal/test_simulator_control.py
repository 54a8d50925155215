"""What the control service answers to an order that is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from multidict import CIMultiDict

from argosy_metal.simulator.control_service import ControlService
from argosy_metal.simulator.service import Request

from .simulated_halls import config_of, hall_of, running


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlService]:
    with running(config_of(hall_of(2)), tmp_path) as hall:
        yield ControlService(hall.simulation, Mock(), {})


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("faults", '[{"kind": "hung"}]', "[0].kind: 'hung' is no kind of fault; did you mean hang?"),
        (
            "switches",
            '{"cut": "feed hall/a", "restore": "feed hall/b"}',
            'expected {"cut": WORDS} or {"restore": WORDS}, e.g. {"cut": "feed oslo/a"}',
        ),
        (
            "switches",
            '{"cutt": "feed hall/a"}',
            'expected {"cut": WORDS} or {"restore": WORDS}, e.g. {"cut": "feed oslo/a"}',
        ),
        (
            "swaps",
            '{"serial": "SN1", "other": "no/serial"}',
            'expected {"serial": SERIAL, "other": SERIAL}; a serial number has up to 64 letters, digits, '
            "dots, hyphens and underscores",
        ),
    ],
)
def test_an_order_that_is_none_is_answered_on_one_line_with_what_would_do(
    control: ControlService, name: str, body: str, told: str
) -> None:
    reply = control.answer(Request("POST", f"/_control/{name}", CIMultiDict[str](), body.encode()))

    assert (400, {"error": told}) == (reply.status, reply.body)

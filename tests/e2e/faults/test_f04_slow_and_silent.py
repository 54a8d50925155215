"""F4: a BMC is silent, or too slow, at any point of an answer."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
import grpc.aio
import pytest

from argosy_metal.provider.reach import Reach
from argosy_metal.redfish import Patience
from argosy_metal.simulator import FaultRule

from ..served_plugin import MACHINE, refusal, served
from .faulty import assert_fails_then_comes_up, assert_rides_over
from .invariants import assert_in_time, assert_tells
from .memory_hall import NewHall

SILENT = [
    FaultRule("hang"),
    FaultRule("hang-after"),
    FaultRule("hang-body"),
    FaultRule("cut-body"),
    FaultRule("disconnect"),
    FaultRule("refuse-connection"),
    FaultRule("drip"),
    FaultRule("slow-link", bits_per_second=20),
]
SATELLITE = FaultRule("slow-link", latency_seconds=0.6, bits_per_second=1000)
IMPATIENT = Patience(
    connect_seconds=1.0,
    read_seconds=0.5,
    total_seconds=1.5,
    first_wait_seconds=0.05,
    poll_seconds=0.05,
    close_seconds=0.5,
)


@pytest.mark.parametrize("rule", SILENT, ids=lambda rule: rule.kind)
def test_a_bmc_that_is_silent_or_too_slow_is_given_up_in_time(new_hall: NewHall, rule: FaultRule) -> None:
    assert_fails_then_comes_up(new_hall(servers=2), rule)


@pytest.mark.parametrize("kind", ["hang", "hang-body", "disconnect"])
@pytest.mark.parametrize("skip", [5, 15, 25])
def test_a_bmc_that_is_silent_for_a_while_is_waited_for(new_hall: NewHall, kind: str, skip: int) -> None:
    rule = FaultRule(kind, method="GET", path="*/Systems*", skip=skip, times=1)  # pyright: ignore[reportArgumentType]

    assert_rides_over(new_hall(servers=2), rule)


def test_a_bmc_behind_a_satellite_and_a_kilobit_a_second_brings_its_machine_up(new_hall: NewHall) -> None:
    assert_rides_over(new_hall(servers=2, server_type="plain"), SATELLITE)


@pytest.mark.parametrize(
    "rule",
    [FaultRule("hang"), FaultRule("hang-body"), FaultRule("drip"), SATELLITE],
    ids=lambda rule: rule.kind,
)
async def test_over_a_real_connection_a_silent_or_slow_bmc_is_given_up_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: FaultRule
) -> None:
    monkeypatch.setattr(Reach, "patience", property(lambda _reach: IMPATIENT))
    async with served(tmp_path, servers=1) as plugin:
        await plugin.create_claim()
        plugin.simulator.inject(rule)
        began = time.monotonic()

        with pytest.raises(grpc.aio.AioRpcError) as error:
            await plugin.create_machine()

        assert_in_time(time.monotonic() - began, 60)
        assert_tells(refusal(error, grpc.StatusCode.UNKNOWN), "hall/SN1")
        plugin.simulator.clear_faults()
        assert "running" == (await plugin.create_machine(**MACHINE))["phase"]
        assert 1 == plugin.counters()["installs_started"]

"""Whatever is cut, restored, switched on and waited for: power adds up, and nobody runs without it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from argosy_metal.simulator.machine import PowerStateError
from argosy_metal.simulator.switches import parse_switch

from .simulated_halls import RULES, Hall, config_of, hall_of, running

SERIALS = [f"SN{n}" for n in range(1, 7)]
SWITCHES = [
    "hall hall",
    "feed hall/a",
    "feed hall/b",
    "rack hall/r1",
    "rack hall/r3",
    "cable SN1",
    "server SN3",
    "power SN5",
    "uplink hall/uplink",
]
STEPS = st.one_of(
    st.tuples(st.sampled_from(["cut", "restore"]), st.sampled_from(SWITCHES)),
    st.tuples(st.sampled_from(["On", "On", "On", "ForceOff", "PowerCycle"]), st.sampled_from(SERIALS)),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 5, 10, 60, 400])),
    st.tuples(st.sampled_from(["AlwaysOn", "LastState"]), st.sampled_from(SERIALS)),
)


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=15, max_size=50),
    rated_watts=st.sampled_from([500, 800, 1500, 100_000]),
    own_supply=st.booleans(),
)
def test_power_adds_up_and_nobody_runs_without_it(
    steps: list[tuple[str, str | float]], rated_watts: int, own_supply: bool
) -> None:
    config = config_of(hall_of(6, rated_watts=rated_watts, pue=1.3, bmc_has_own_supply=own_supply))
    with tempfile.TemporaryDirectory() as folder, running(config, Path(folder)) as hall:
        for what, about in steps:
            carry_out(hall, what, about)
            check(hall, own_supply=own_supply)


def carry_out(hall: Hall, what: str, about: str | float) -> None:
    if isinstance(about, (int, float)):
        hall.pass_time(about)
    elif what in ("cut", "restore"):
        hall.simulation.switch(parse_switch(about), on=what == "restore")
    else:
        command(hall, what, about)


def command(hall: Hall, what: str, serial: str) -> None:
    machine, now = hall.simulation.bmc(serial).machine, hall.clock.now()
    if what in ("AlwaysOn", "LastState"):
        machine.set_restore("AlwaysOn" if what == "AlwaysOn" else "LastState", 3)
    elif hall.reaches(serial) and hall.simulation.hall("hall").has_power(serial):
        try:
            machine.reset(what, now)
        except PowerStateError:
            return
    hall.simulation.hall("hall").settle(serial, now)


def check(hall: Hall, *, own_supply: bool) -> None:
    run, now = hall.simulation.hall("hall"), hall.clock.now()
    feeds = list(run.power.nodes.values())
    living = [feed for feed in feeds if feed.alive]
    bmcs = [hall.simulation.bmc(serial) for serial in SERIALS]
    drawn = sum(bmc.drawn_milliwatts for bmc in bmcs)

    assert all(feed.total == feed.steady == 0 for feed in feeds if not feed.alive)
    # Every share is rounded up to a whole milliwatt, steady and start-up apart.
    assert 0 <= sum(feed.total for feed in living) - drawn * 1.3 * bool(living) <= 24
    assert all(feed.peak_total >= feed.total >= feed.steady >= 0 for feed in feeds)
    for feed in living:
        assert feed.over_since is None or now - feed.over_since < RULES.breaker_seconds
    cut = {str(switch) for switch in run.board.off}
    for bmc in bmcs:
        server = bmc.server
        own = {"hall hall", f"rack hall/{server.rack}", f"cable {server.serial}", f"server {server.serial}"}
        lit = bool(living) and own.isdisjoint(cut)
        assert lit == run.has_power(server.serial)
        if not lit:
            assert ("Off", 0) == (bmc.machine.state.power, bmc.drawn_milliwatts)
            assert own_supply or not hall.reaches(bmc.server.serial)

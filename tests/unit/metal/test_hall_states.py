"""Nothing that happens to a hall, in any order, makes it touch what is not its own or install twice.

`ARGOSY_HALL_STATES_EXAMPLES=1000` looks for longer series, at random; what it finds goes to
`test_hall_states_found.py`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RULE_MARKER, run_state_machine_as_test

from argosy_metal.claims import Claim
from argosy_metal.claims.table_store import TableStore
from argosy_metal.provider.hall import Hall
from argosy_metal.redfish import System

from .hall_states import HallStates

EXAMPLES = int(os.environ.get("ARGOSY_HALL_STATES_EXAMPLES", "0"))
"""Series to try, at random; without it a few, always the same."""
QUICK = settings(
    max_examples=25,
    stateful_step_count=10,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
)
LONG = settings(QUICK, derandomize=False, max_examples=max(EXAMPLES, 1), stateful_step_count=20)
HUNT = settings(QUICK, max_examples=200, phases=(Phase.generate,), report_multiple_bugs=False)


async def nothing(*_arguments: Any) -> None:
    return


def unasked(*_arguments: Any) -> None:
    return


async def not_the_same(*_arguments: Any) -> bool:
    return False


async def whoever_owns_it(hall: Hall, server_id: str, _owner: str) -> Claim:
    claim = await hall.claim_of(server_id)
    assert claim is not None
    return claim


def granted_to_anybody(store: TableStore, wanted: Claim, granted: Any = TableStore.claim) -> Claim:
    return store.find(wanted.site, wanted.serial) or granted(store, wanted)


async def whatever_answers(client: Any, serial: str) -> System:
    return System(client, "/redfish/v1/Systems/1", serial)


Guard = tuple[str, Any]
GUARDS: dict[str, tuple[tuple[Guard, ...], frozenset[str], str]] = {
    "a run asks whether it is the newest before it acts": (
        (("argosy_metal.lifecycle.journal.Journal.assert_may_act", nothing),),
        frozenset({"up"}),
        "another run has taken over",
    ),
    "what was reported last must be ours": (
        (
            ("argosy_metal.lifecycle.work.Work.assert_ours", nothing),
            ("argosy_metal.lifecycle.work.Work.assert_runs", nothing),
        ),
        frozenset({"up", "destroy", "outsider"}),
        "somebody else has switched it on",
    ),
    "what no attempt of ours may have booted is not ours": (
        (("argosy_metal.claims.claim.Claim.may_be_on_by_us", True),),
        frozenset({"up", "outsider"}),
        "somebody else has switched it on",
    ),
    "a stack acts on its own claims": (
        (
            ("argosy_metal.provider.hall.Hall.own_claim", whoever_owns_it),
            ("argosy_metal.claims.table_store.TableStore.claim", granted_to_anybody),
        ),
        frozenset({"up", "destroy"}),
        "it is lab/",
    ),
    "the serial number is checked": (
        (
            ("argosy_metal.lifecycle.server.find_system", whatever_answers),
            ("argosy_metal.redfish.system.System._assert_ours", unasked),
        ),
        frozenset({"up", "outsider"}),
        "it is other hardware than was claimed",
    ),
    "what is done already is skipped": (
        (("argosy_metal.lifecycle.journal.Journal.is_for", not_the_same),),
        frozenset({"up"}),
        "was installed [0-9] times, asked for [0-9] times",
    ),
}
"""What is taken away, the events that are tried then, and what they must show."""


def test_the_invariants_hold_after_every_step_of_any_series_of_events() -> None:
    run_state_machine_as_test(HallStates, settings=LONG if EXAMPLES else QUICK)


@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_series_is_found_in_which_it_was_needed(
    guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches, events, told = GUARDS[guard]
    for name, instead in patches:
        monkeypatch.setattr(name, instead)

    with pytest.raises(AssertionError, match=told):
        run_state_machine_as_test(machine_of(events), settings=HUNT)


def machine_of(events: frozenset[str]) -> type[HallStates]:
    """The machine in which nothing else happens."""
    others = [name for name, value in vars(HallStates).items() if hasattr(value, RULE_MARKER)]
    return type("SomeEvents", (HallStates,), {name: None for name in others if name not in events})

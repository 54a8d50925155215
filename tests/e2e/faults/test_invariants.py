"""Each check of an invariant fails where the invariant is broken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore

from . import invariants
from .invariants import Sight

CLAIM = Claim("hall", "SN1", "train/slot-1", "lab/local", "urn", 1, {})
SOUND = Sight((CLAIM,), {"hall/SN1": "On"}, {"hall/SN1": ("a", "a", "b")}, {"lab/local": frozenset()})
URN = "urn:pulumi:local::lab::t::a"


def broken(check: Callable[..., None], *arguments: Any) -> str:
    with pytest.raises(AssertionError) as error:
        check(*arguments)
    return str(error.value)


def test_what_is_sound_breaks_no_invariant() -> None:
    invariants.assert_one_owner(SOUND)
    invariants.assert_nothing_is_lost(SOUND)


def test_two_claims_on_one_server_break_i1() -> None:
    sight = replace(SOUND, claims=(CLAIM, replace(CLAIM, owner="lab/dev")))

    assert "I1: two claims" in broken(invariants.assert_one_owner, sight)


def test_a_run_that_writes_after_a_later_one_has_breaks_i1() -> None:
    sight = replace(SOUND, writers={"hall/SN1": ("a", "b", "a")})

    assert "I1: hall/SN1 was written to in turns by ['a', 'b', 'a']" in broken(
        invariants.assert_one_owner, sight
    )


def test_a_server_that_is_on_and_that_nobody_knows_breaks_i2() -> None:
    sight = replace(SOUND, powers={"hall/SN1": "On", "hall/SN2": "On", "hall/SN3": "Off"})

    assert "I2: on, and nobody knows: ['hall/SN2']" in broken(invariants.assert_nothing_is_lost, sight)


def test_a_claim_that_no_stack_would_recover_breaks_i2() -> None:
    sight = replace(SOUND, known={"lab/other": frozenset()})

    assert "I2: claimed for a stack that is not there" in broken(invariants.assert_nothing_is_lost, sight)


def test_what_needs_a_third_run_breaks_i3() -> None:
    answers = iter([{"urn": "no"}, {"urn": "no"}, {}])

    assert "I3" in broken(invariants.assert_converges, lambda: next(answers))


def test_a_second_run_is_enough_for_i3() -> None:
    answers = iter([{"urn": "no"}, dict[str, str]()])

    invariants.assert_converges(lambda: next(answers))


def test_a_refresh_that_finds_something_breaks_i4() -> None:
    assert "I4" in broken(invariants.assert_at_rest, {"urn": "changed"})


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        ({"resources": [{"urn": URN}, {"urn": URN}]}, "is there twice"),
        ({"resources": [{"urn": URN, "parent": "p"}, {"urn": "p"}]}, "comes before p"),
        ({"resources": [{"urn": URN, "dependencies": ["d"]}]}, "comes before d"),
        ({"resources": [{"urn": URN, "provider": "q::some-id"}]}, "comes before q"),
        ({"resources": [{"urn": URN}], "pending_operations": [{"type": "creating"}]}, "still pending"),
    ],
)
def test_a_state_that_the_engine_would_not_take_breaks_i5(deployment: dict[str, Any], told: str) -> None:
    assert told in broken(invariants.assert_state_is_valid, deployment)


def test_a_damaged_claims_file_breaks_i5(tmp_path: Path) -> None:
    path = tmp_path / "claims.sqlite"
    store = SqliteClaimStore(path, RunIdentity("run"))
    for number in range(50):
        store.claim(replace(CLAIM, serial=f"SN{number}", record={"notes": "x" * 500}))
    store.close()
    invariants.assert_claims_file_is_sound(path)
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)

    assert "I5" in broken(invariants.assert_claims_file_is_sound, path)


def test_a_secret_that_comes_out_breaks_i6_and_is_not_told_once_more() -> None:
    told = broken(invariants.assert_keeps_secrets, ["nothing", "the password is hunter2"], ["hunter2"])

    assert "I6: secret number 0" in told
    assert "hunter2" not in told


def test_an_empty_secret_is_no_check_of_i6() -> None:
    assert "I6" in broken(invariants.assert_keeps_secrets, ["text"], [""])


@pytest.mark.parametrize(
    "message",
    [
        "hall/SN2 (t/1): phase booting: it hangs; next: run again",
        "hall/SN1 (t/1): it hangs; next: run again",
        "hall/SN1 (t/1): phase booting: it hangs",
        "hall/SN1 (t/1): phase booting: Traceback (most recent call last); next: run again",
    ],
)
def test_a_failure_without_server_phase_or_next_step_breaks_i7(message: str) -> None:
    assert "I7" in broken(invariants.assert_tells, message, "hall/SN1")


def test_what_takes_too_long_breaks_i7() -> None:
    assert "I7: it took 61 s" in broken(invariants.assert_in_time, 61.0, 60.0)

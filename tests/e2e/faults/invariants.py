"""What must hold whatever goes wrong: I1 to I7 of the fault matrix (docs/reference/fault-matrix.md)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from argosy_metal.claims import Claim

LONGEST_SECONDS = 30 * 60.0
"""I7: no operation on a server that fails may take longer, in seconds of its hall."""
_TOLD = r"{server} \([^\s)]+\): phase [a-z]+: .+; next: .+"
_MOST_RUNS = 2


@dataclass(frozen=True)
class Sight:
    """One look at everything there is, from above."""

    claims: Sequence[Claim]
    powers: Mapping[str, str]
    """Redfish's `PowerState`, by server id."""
    writers: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Who wrote to a server, in this order, by server id."""
    known: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Server ids in the state of each stack, by `project/stack`."""


def assert_one_owner(sight: Sight) -> None:
    """I1: a server has one owner at most, and no run writes to it once another has begun to."""
    ids = [claim.server_id for claim in sight.claims]
    assert len(ids) == len(set(ids)), f"I1: two claims on one server: {sorted(ids)}"
    for server, writers in sorted(sight.writers.items()):
        turns = [writer for writer, _ in groupby(writers)]
        assert len(turns) == len(set(turns)), f"I1: {server} was written to in turns by {turns}"


def assert_nothing_is_lost(sight: Sight) -> None:
    """I2: what is switched on or claimed is in a state, or among the claims that `recover` goes by."""
    claimed = {claim.server_id: claim.owner for claim in sight.claims}
    known = frozenset[str]().union(*sight.known.values())
    on = {server for server, power in sight.powers.items() if power != "Off"}
    assert not (lost := sorted(on - claimed.keys() - known)), f"I2: on, and nobody knows: {lost}"
    strange = sorted(server for server, owner in claimed.items() if owner not in sight.known)
    assert not strange, f"I2: claimed for a stack that is not there: {strange}"


def assert_converges(up: Callable[[], Mapping[str, str]]) -> None:
    """I3: within two runs of `up`, nothing fails any more."""
    failures: Mapping[str, str] = {}
    for _ in range(_MOST_RUNS):
        if not (failures := up()):
            return
    raise AssertionError(f"I3: still failing after {_MOST_RUNS} runs: {dict(failures)}")


def assert_at_rest(changes: Mapping[str, str]) -> None:
    """I4: a refresh finds everything as the state has it."""
    assert not changes, f"I4: a refresh finds changes: {dict(changes)}"


def assert_state_is_valid(deployment: Mapping[str, Any], *, is_settled: bool = True) -> None:
    """I5: what the engine itself asks of a state (pulumi, `pkg/resource/deploy/snapshot.go`).

    One resource per URN, each after its parent, its provider and all that it depends on; when it is settled,
    nothing pending.
    """
    seen: set[str] = set()
    for resource in deployment.get("resources", []):
        urn = resource["urn"]
        assert urn not in seen or resource.get("delete"), f"I5: {urn} is there twice"
        provider = str(resource.get("provider", "")).rpartition("::")[0]
        for needed in {resource.get("parent"), provider, *resource.get("dependencies", [])} - {None, ""}:
            assert needed in seen, f"I5: {urn} comes before {needed}"
        seen.add(urn)
    pending = deployment.get("pending_operations")
    assert not (is_settled and pending), f"I5: still pending: {pending}"


def assert_claims_file_is_sound(path: Path) -> None:
    """I5: the claims file is what SQLite wrote."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    assert "ok" == found, f"I5: {path}: {found}"


def assert_keeps_secrets(texts: Iterable[str], secrets: Iterable[str]) -> None:
    """I6: no secret is in anything that comes out."""
    wanted = tuple(secrets)
    assert all(wanted), "I6: an empty secret would be found nowhere, and everywhere"
    for text in texts:
        for number, secret in enumerate(wanted):
            assert secret not in text, f"I6: secret number {number} is in {text.replace(secret, '***')[:300]}"


def assert_tells(message: str, server: str) -> None:
    """I7: a failure names the server, its phase, and the next step, and is no traceback."""
    assert re.search(_TOLD.format(server=re.escape(server)), message), f"I7: says too little: {message}"
    assert "Traceback" not in message, f"I7: a traceback: {message}"


def assert_in_time(seconds: float, limit: float = LONGEST_SECONDS) -> None:
    """I7: it ends in a time that is known."""
    assert seconds <= limit, f"I7: it took {seconds:.0f} s, and may take {limit:.0f} s"

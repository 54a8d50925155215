"""How long the steps of a recovery take: measured, declared, or else a default with its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, TypeAdapter

from argosy.catalog.models import Provenance
from argosy.errors import Fault, FleetError
from argosy.spec.document import read_document
from argosy.spec.files import display_name
from argosy.spec.hints import nearest
from argosy.spec.named_files import load_file
from argosy.spec.values import SpecModel, Text
from argosy.spec.words import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argosy.spec.loader import LoadedFleet
    from argosy.spec.places import Places

Step = Literal[
    "detect",
    "decide",
    "shift_traffic",
    "preempt_grace",
    "boot",
    "post",
    "image",
    "weights",
    "restore",
    "warm_up",
]
"""`boot`: of a cloud's machine. `post`: of a server of one's own, from power-on to a running system.
`restore`: reading a checkpoint back."""

STEPS: tuple[Step, ...] = get_args(Step)

Seconds = Annotated[int, Field(strict=True, ge=0, le=604_800)]


class TermSpec(SpecModel):
    """How long one step takes: `measured` on a day, or `declared` by somebody."""

    low_seconds: Seconds
    high_seconds: Seconds
    measured: dt.date | None = None
    """Day of the drill that measured it."""
    declared: Text | None = None
    """Who says so, and in which document."""


class ReadinessSpec(SpecModel):
    """A file of such terms, for all pools or for single ones."""

    version: Literal[1]
    terms: dict[Text, TermSpec] = Field(default={})
    """By the name of the step."""
    pools: dict[Text, dict[Text, TermSpec]] = Field(default={})
    """By `SITE/POOL`; they go before `terms`."""


class DefaultTerm(Provenance):
    """What stands in for a term that nobody knows."""

    low_seconds: int
    high_seconds: int


@dataclass(frozen=True)
class Term:
    """One step as a recovery uses it."""

    step: Step
    pool: str
    """Empty: the same for all pools."""
    low_seconds: int
    high_seconds: int
    source: str
    """`measured on DATE`, `declared: WHO`, or `default: WHY`."""
    is_known: bool
    """Whether it is more than a default."""


@cache
def default_terms() -> Mapping[Step, DefaultTerm]:
    """The defaults that Argosy ships, read once per process."""
    path = Path(__file__).parent / "data" / "readiness.yaml"
    value = read_document(path.read_text(encoding="utf-8"), path.name).value
    return TypeAdapter(dict[Step, DefaultTerm]).validate_python(value)


class Readiness:
    """The terms that hold for one fleet."""

    def __init__(self, given: ReadinessSpec | None = None) -> None:
        self._given = given or ReadinessSpec(version=1)

    def term(self, step: Step, pool: str = "") -> Term:
        """How long the step takes, in that pool."""
        of_pool = self._given.pools.get(pool, {}).get(step)
        given = of_pool or self._given.terms.get(step)
        if given is not None:
            source = f"measured on {given.measured}" if given.measured else f"declared: {given.declared}"
            where = pool if of_pool else ""
            return Term(step, where, given.low_seconds, given.high_seconds, source, is_known=True)
        default = default_terms()[step]
        source = f"default: {default.source} ({default.confidence}, {default.as_of})"
        return Term(step, "", default.low_seconds, default.high_seconds, source, is_known=False)


def read_readiness(path: Path, fleet: LoadedFleet) -> Readiness:
    """The terms of a file; raises FleetError with every fault."""
    if not path.is_file():
        expected = "a file of readiness terms"
        name = display_name(path, fleet.start)
        raise FleetError([Fault(name, 0, 0, "", "a path without a file", expected, "correct --readiness")])
    loaded = load_file(ReadinessSpec, path, fleet.start)
    if isinstance(loaded, list):
        raise FleetError(loaded)
    spec, places = loaded
    if faults := list(_faults(spec, places, fleet)):
        raise FleetError(faults)
    return Readiness(spec)


def _faults(spec: ReadinessSpec, places: Places, fleet: LoadedFleet) -> Iterator[Fault]:
    known = [f"{name}/{pool}" for name, site in fleet.spec.sites.items() for pool in site.node_pools]
    for pool in spec.pools:
        if pool not in known:
            close = nearest(pool, known)
            fix = f"did you mean {close}?" if close else f"name one of {', '.join(sorted(known))}"
            yield places.fault(
                ("pools", pool), given=shown_text(pool), expected="a pool, as SITE/POOL", fix=fix
            )
    listed = [(("terms",), spec.terms), *((("pools", pool), terms) for pool, terms in spec.pools.items())]
    for at, terms in listed:
        for step, term in terms.items():
            if step not in STEPS:
                close = nearest(step, STEPS)
                fix = f"did you mean {close}?" if close else f"write one of {', '.join(STEPS)}"
                yield places.fault(
                    (*at, step), given=shown_text(step), expected="a step of a recovery", fix=fix
                )
            yield from _faults_of_term((*at, step), term, places)


def _faults_of_term(at: tuple[str, ...], term: TermSpec, places: Places) -> Iterator[Fault]:
    if term.low_seconds > term.high_seconds:
        given = f"{term.low_seconds} to {term.high_seconds} seconds"
        yield places.fault(at, given=given, expected="the lower number first", fix="swap them")
    if (term.measured is None) == (term.declared is None):
        given = "neither `measured` nor `declared`" if term.measured is None else "both of them"
        fix = "write `measured: DATE` or `declared: WHO SAYS SO`"
        yield places.fault(at, given=given, expected="`measured` or `declared`", fix=fix)

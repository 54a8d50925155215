"""What the lines of `survive` may lose, and how the domain that one of them names is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from argosy.spec.domains import KINDS, Loss, Named
from argosy.spec.hints import nearest
from argosy.spec.words import listed, shown_text

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet

LOSSES = (
    "any provider",
    "any two providers",
    "any site",
    "any zone",
    "any rack",
    "any feed",
    "any uplink",
    "any carrier",
    "any entry",
    "any power supplier",
    "any power unit",
    "any risk group",
    "spot",
)
"""What `lose` may say besides the words for one domain."""

FORMS = (
    "zone PROVIDER/ZONE",
    "rack SITE/RACK",
    "feed SITE/FEED",
    "uplink SITE/UPLINK",
    "conduit NAME",
    "carrier NAME",
    "entry SITE/ENTRY",
    "power supplier NAME",
    "power unit SITE/UNIT",
)
"""How a domain is named that does not go by its bare name, as providers, sites and risk groups do."""

_KINDS_BY_BARE_NAME = ("provider", "site", "risk group", "spot")
_KINDS_BY_FIRST_WORD: Mapping[str, tuple[str, ...]] = {
    "zone": ("zone",),
    "rack": ("rack",),
    "feed": ("feed",),
    "uplink": ("uplink",),
    "conduit": ("uplink",),
    "carrier": ("carrier",),
    "entry": ("entry",),
    "power": ("power supplier", "power unit"),
}

_MOST_SOUGHT = 1_000
"""More words than `nearest` compares, and few enough to be looked at for each of many slips."""


def union(losses: Iterable[Loss]) -> Loss:
    """All these losses at once; of none, a loss of nothing."""
    all_ = tuple(losses)
    return Loss(
        sites=frozenset[str]().union(*(loss.sites for loss in all_)),
        zones=frozenset[tuple[str, str]]().union(*(loss.zones for loss in all_)),
        racks=frozenset[tuple[str, str]]().union(*(loss.racks for loss in all_)),
        feeds=frozenset[tuple[str, str]]().union(*(loss.feeds for loss in all_)),
        units=frozenset[tuple[str, str]]().union(*(loss.units for loss in all_)),
        uplinks=frozenset[tuple[str, str]]().union(*(loss.uplinks for loss in all_)),
        spot=any(loss.spot for loss in all_),
    )


class Domains:
    """The domains of one fleet. Those of a kind are worked out when they are first asked for."""

    def __init__(self, fleet: LoadedFleet) -> None:
        self._fleet = fleet
        self._of: dict[str, Named] = {}

    def of(self, kind: str) -> Named:
        """All domains of a kind: `provider`, `power supplier`, … as in `any provider`, or `spot`."""
        if kind not in self._of:
            self._of[kind] = KINDS[kind](self._fleet)
        return self._of[kind]

    def find(self, words: str) -> tuple[str, Loss] | None:
        """The domain of that name; None if there is none."""
        first, _, rest = words.partition(" ")
        kinds = _KINDS_BY_FIRST_WORD.get(first, ()) if rest else _KINDS_BY_BARE_NAME
        return next((self.of(kind)[words] for kind in kinds if words in self.of(kind)), None)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words for every domain, sorted."""
        return tuple(sorted({words for kind in KINDS for words in self.of(kind)}))


def named_loss(words: str, fleet: LoadedFleet) -> tuple[str, Loss]:
    """The id of the scenario in which one named domain is lost, and what it takes away.

    Raises ValueError, with the closest words that would do, for words that name no domain of the fleet.
    """
    domains = Domains(fleet)
    found = domains.find(words)
    if found is None:
        close = closest(words, domains.words)
        forms = f"name a provider, a site, a risk group, or {listed(FORMS)}"
        hint = f"closest: {close}" if close else forms
        raise ValueError(f"{shown_text(words)} names nothing that this fleet can lose; {hint}")
    return found


def all_domains(fleet: LoadedFleet) -> tuple[str, ...]:
    """Everything that `named_loss` knows by name, sorted."""
    return Domains(fleet).words


def closest(words: str, known: Iterable[str]) -> str | None:
    """The known words that `words` were probably meant to be.

    First among those of the same kind and site, then of the same kind, then of all: `nearest` compares few.
    """
    for kind in ("provider ", "site ", "risk group "):
        # So scenarios call what goes by its bare name.
        words = words.removeprefix(kind)
    first, has_more, _ = words.partition(" ")
    site = words.partition("/")[0]
    among = tuple(known)
    narrowing: tuple[Callable[[str], bool], ...] = (
        lambda other: other.startswith(f"{site}/"),
        lambda other: other.startswith(f"{first} "),
        lambda other: (" " in other) == bool(has_more),
    )
    tries = (nearest(words, islice(filter(alike, among), _MOST_SOUGHT)) for alike in narrowing)
    return next((close for close in tries if close), None)

"""Names that differ in the fleet file and would be one where a vendor or an engine joins them by a dash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Pair = tuple[str, str]
"""A site, and something of it that has a name."""


def read_alike(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Pairs that read like an earlier one once joined, each with that first one.

    `c` and `a-b` read like `c-a` and `b`: both become `c-a-b`. Names may hold dashes, so that only a look at
    all of them tells.
    """
    first: dict[str, Pair] = {}
    for pair in pairs:
        earlier = first.setdefault("-".join(pair), pair)
        if earlier != pair:
            yield pair, earlier

"""Names in a scenario that lead nowhere, or that two things have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from argosy.errors import Fault
from argosy.spec.hints import nearest
from argosy.spec.places import Key, Places


def twice(places: Places, at: tuple[Key, ...], names: Sequence[str]) -> Iterator[Fault]:
    """Every name that stands there a second time."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield places.fault(
                (*at, index), given=f"{name!r} again", expected="a name of its own", fix="rename it"
            )


def unknown(places: Places, at: tuple[Key, ...], kind: str, name: str, known: Iterable[str]) -> Fault:
    """The name of something that is nowhere, with those that are."""
    names = sorted(set(known))
    close = nearest(name, names)
    return places.fault(
        at,
        given=f"the {kind} {name!r}",
        expected=f"one of {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else f"a {kind}",
        fix=f"did you mean {close}?" if close else "rename it",
    )

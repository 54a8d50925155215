"""Whether the power supplies of a server (`k + r`) still carry it once some of its inlets are dark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Supplies:
    """The power supplies of a server, spread over its inlets as evenly as they can be."""

    count: int
    needed: int
    """Supplies that carry the server at full load."""
    watts: int
    """Rating of one supply, in watts."""
    needed_to_boot: int = 1

    @property
    def spread(self) -> str:
        """`4+2`."""
        return f"{self.needed}+{self.count - self.needed}"

    def left(self, inlets: int, live: int) -> int:
        """Supplies that surely have power when so many of the inlets do."""
        if not inlets:
            return 0
        each, more = divmod(self.count, inlets)
        # Nobody says which inlet has one supply more, so that the lost ones are taken to have had it.
        return max(0, self.count - (inlets - live) * each - min(inlets - live, more))

    def carries(self, live_supplies: int, watts: int, full_watts: int) -> bool:
        """Whether so many supplies carry a server that draws `watts` at most; uncapped it draws `full_watts`.

        Under a cap the ratings decide; without one the vendor's count does.
        """
        if live_supplies >= self.needed:
            return True
        boots = live_supplies >= self.needed_to_boot
        return watts < full_watts and boots and live_supplies * self.watts >= watts

    def cap_for(self, live_supplies: int) -> int | None:
        """The cap in watts under which so many supplies carry the server; None: it does not even boot."""
        if live_supplies < max(1, self.needed_to_boot):
            return None
        return live_supplies * self.watts

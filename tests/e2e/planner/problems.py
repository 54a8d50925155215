"""Random small planning problems: everything that the planner knows, a few of each. One seed, one problem."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil

from argosy.planner.problem import Case, Gang, Limit, LinkLimit, Offering, Problem, Row

PROVIDERS = ("aurora", "boreas", "metal")
_COARSE, _FINE = 1, 1_000_000
"""Units of a row in which a node's rate is counted: whole nodes, or micro-requests per second."""


def small_problem(seed: int, *, gangs: bool) -> Problem:
    """A problem of 2 to 8 offerings and 1 to 5 cases, in canonical order; with 1 to 3 gangs or with none."""
    return _Draw(seed, gangs=gangs).problem()


class _Draw:
    def __init__(self, seed: int, *, gangs: bool) -> None:
        self.draw = random.Random(f"{seed} {gangs}")
        self.with_gangs = gangs
        self.offerings = self._offerings()
        self.kinds = sorted({offering.kind for offering in self.offerings})
        self.rows = self._rows()
        self.gangs = self._gangs()

    def often(self, share: float) -> bool:
        return self.draw.random() < share

    def problem(self) -> Problem:
        convertible = frozenset(kind for kind in self.kinds if self.often(0.15))
        return Problem(
            tuple(self.offerings),
            tuple(self.rows),
            tuple(self.gangs),
            tuple(self._cases()),
            tuple(self._limits()),
            convertible,
        ).canonical()

    def _offerings(self) -> list[Offering]:
        draw, found = self.draw, list[Offering]()
        kinds, wanted = draw.randint(1, 4), draw.randint(2, 8)
        while len(found) < wanted:
            number = len(found)
            site, provider = f"s{number % 3}", PROVIDERS[number % 3]
            pool, kind = f"{site}/p{number}", f"k{draw.randrange(kinds)}"
            for zone in range(min(draw.choice([1, 1, 1, 2, 3]), wanted - number)):
                step = draw.choice([1, 1, 1, 1, 2, 4])
                high = step * draw.randint(1, 8)
                low = step * draw.randint(0, high // step) if self.often(0.15) else 0
                price = draw.choice([0, *[draw.randint(5, 60) * 100_000 + draw.randint(0, 99_999)] * 4])
                accelerators = draw.choice([4, 8, 8])
                name = f"{pool}@z{zone}"
                found.append(Offering(name, pool, provider, kind, low, high, step, price, accelerators))
        return found

    def _rows(self) -> list[Row]:
        draw, found = self.draw, list[Row]()
        for number in range(draw.randint(0 if self.with_gangs else 1, 3)):
            grain = draw.choice([_COARSE, _FINE])
            chosen = draw.sample(self.kinds, draw.randint((len(self.kinds) + 1) // 2, len(self.kinds)))
            rates = {k: 1 if grain == 1 else draw.randint(300_000, 4_000_000) for k in sorted(chosen)}
            room = sum(rates.get(o.kind, 0) * o.high for o in self.offerings)
            demand = ceil(room * draw.uniform(0.02, 0.25))
            if demand:
                found.append(
                    Row(f"inference/r{number}", f"inference/r{number}", demand, rates, "units", grain)
                )
        return found

    def _gangs(self) -> list[Gang]:
        draw, found = self.draw, list[Gang]()
        pools = sorted({offering.pool for offering in self.offerings})
        for number in range(draw.randint(1, 3) if self.with_gangs else 0):
            nodes = draw.randint(1, 5)
            allowed = draw.sample(pools, draw.randint((len(pools) + 1) // 2, len(pools)))
            # In racks it takes more nodes than it has.
            sizes = {pool: nodes if self.often(0.8) else -(-nodes // 2) * 2 for pool in sorted(allowed)}
            homes = frozenset(sizes) if self.often(0.9) else frozenset(sorted(sizes)[:1])
            traffic = {p: draw.randint(10, 90) for p in sorted(sizes) if p[:2] == "s2" and self.often(0.5)}
            price = {pool: draw.randint(1, 20) * 50_000 for pool in sorted(sizes) if self.often(0.2)}
            found.append(Gang(f"training/j{number}", self.often(0.6), sizes, homes, nodes, traffic, price))
        return found

    def _cases(self) -> list[Case]:
        found = [self._nominal()]
        for number in range(self.draw.randint(0, 4)):
            case = self._case(number)
            if case.key not in {other.key for other in found}:
                found.append(case)
        return found

    def _nominal(self) -> Case:
        floors = {row.id: row.demand for row in self.rows}
        # What is sold by the hour of need is never there; what is cold does not run yet.
        lost = frozenset(offering.id for offering in self.offerings if self.often(0.05))
        jobs = frozenset(gang.id for gang in self.gangs)
        nodes = sum(gang.nodes for gang in self.gangs)
        return Case("nothing lost", "0", 0, lost, frozenset(), (), (), floors, jobs, nodes)

    def _case(self, number: int) -> Case:
        draw = self.draw
        within, minutes = draw.choice([("0", 0), ("0", 0), ("15m", 15), ("4h", 240)])
        lost, site = self._lost(), draw.choice(["s0", "s1", "s2"])
        there = [o for o in self.offerings if o.pool.startswith(site) and o.id not in lost]
        unserving = frozenset(o.id for o in there) if self.often(0.2) else frozenset[str]()
        share = Fraction(draw.choice([2, 4, 6, 8, 10]), 10)
        floors = {row.id: ceil(share * row.demand) for row in self.rows if self.often(0.9)}
        training = Fraction(draw.choice([0, 0, 2, 4, 5, 8]), 10)
        jobs = frozenset(gang.id for gang in self.gangs if gang.protected and training)
        trained = ceil(training * sum(gang.nodes for gang in self.gangs))
        power = self._power(there) if there and self.often(0.3) else ()
        links = self._links(site) if self.often(0.3) else ()
        return Case(f"lose {number}", within, minutes, lost, unserving, power, links, floors, jobs, trained)

    def _lost(self) -> frozenset[str]:
        draw = self.draw
        how = draw.choice(["provider", "pool", "zone", "spot", "nothing"])
        if how == "provider":
            provider = draw.choice(PROVIDERS)
            return frozenset(o.id for o in self.offerings if o.provider == provider)
        if how == "pool":
            pool = draw.choice(self.offerings).pool
            return frozenset(o.id for o in self.offerings if o.pool == pool)
        if how == "zone":
            return frozenset({draw.choice(self.offerings).id})
        # Spot: the same in every problem in which it is drawn.
        return frozenset(o.id for o in self.offerings if how == "spot" and o.price % 4 == 1)

    def _power(self, there: list[Offering]) -> tuple[Limit, ...]:
        watts = {offering.id: self.draw.choice([6, 10, 14]) * 1000 for offering in there}
        room = sum(watts[offering.id] * offering.high for offering in there)
        return (Limit("power", "power", watts, ceil(room * self.draw.uniform(0.1, 0.9))),)

    def _links(self, site: str) -> tuple[LinkLimit, ...]:
        pools = frozenset(o.pool for o in self.offerings if o.pool.startswith(site))
        return (LinkLimit("uplinks", pools, self.draw.randint(20, 120)),) if pools else ()

    def _limits(self) -> list[Limit]:
        draw, found = self.draw, list[Limit]()
        if self.often(0.4):
            chosen = draw.sample(self.offerings, draw.randint(1, len(self.offerings)))
            units = {offering.id: draw.choice([1, offering.accelerators]) for offering in chosen}
            room = sum(units[offering.id] * offering.high for offering in chosen)
            found.append(Limit("quota", "quota", units, ceil(room * draw.uniform(0.2, 0.9))))
        if self.often(0.3):
            most = draw.choice([Fraction(1, 2), Fraction(13, 20), Fraction(4, 5)])
            found += [self._share(provider, most) for provider in PROVIDERS]
        for pool in sorted({offering.pool for offering in self.offerings}):
            here = {offering.id: 1 for offering in self.offerings if offering.pool == pool}
            if len(here) > 1 and self.often(0.5):
                room = sum(offering.high for offering in self.offerings if offering.pool == pool)
                found.append(Limit(f"nodes of {pool}", "nodes", here, max(1, room // 2), draw.randint(0, 1)))
        return found

    def _share(self, provider: str, most: Fraction) -> Limit:
        held = {
            o.id: o.accelerators * ((most.denominator if o.provider == provider else 0) - most.numerator)
            for o in self.offerings
        }
        return Limit(f"share of {provider}", "max_share.provider", held, 0)

"""A drill as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from argosy.planner.power_after import told_seconds
from argosy.what_if import HOURS_PER_MONTH

if TYPE_CHECKING:
    from argosy.what_if.drill_model import CostChange, Drill, Job, Left, Recovery, Workload

_HEAD = ["", "demand", "floor", "hot", "from 15m", "from 4h", "hoped", "kept", "short of floor", "of demand"]
LEGEND = (
    "hot, from 15m (training nodes that lend), from 4h (cold): left after the loss and fit for the workload, "
    "which shares them with others; hoped: on the market, never counted; -: nobody asks"
)


def drill_lines(found: Drill) -> Iterator[str]:
    """The drill, its verdict last."""
    yield f"drill of {found.fleet}: {found.scenario}, {_after(found.minutes)}"
    yield from _asked(found)
    yield ""
    yield from _table([_HEAD, *(_row(workload) for workload in found.workloads)])
    yield LEGEND
    yield from _section("jobs", [job_line(job) for job in found.jobs])
    yield from _times(found)
    yield from _section("quota left", [_left(left) for left in found.quotas])
    yield from _section("power lost", found.down)
    yield from _section("batteries and generators", found.in_time)
    yield from _section("power left", [_left(left) for left in found.feeds])
    yield from _money(found)
    yield ""
    yield verdict(found)


def verdict(found: Drill) -> str:
    """What the drill says, in one line that promises no more than that."""
    until = found.kept_until_seconds
    if found.broken:
        best = "the solver claims that no more can be kept" if found.certain else "more may be possible"
        kept = "" if until is None else f" It is kept until {told_seconds(until)} after the loss."
        return "broken: " + "; ".join(found.broken) + f". With what the lock holds {best}.{kept}"
    if not found.asked_by:
        return "no line of survive asks for this: no floor applies, and none is proven."
    proof = "proven: the verifier takes the witness"
    time = (
        "" if until is None else f" {_after(found.minutes)}, and until {told_seconds(until)} after the loss"
    )
    return f"kept{time}: every floor that applies ({proof}); times and costs are claimed."


def _after(minutes: int) -> str:
    return {0: "at once", 15: "after 15 minutes", 240: "after 4 hours"}[minutes]


def _asked(found: Drill) -> Iterator[str]:
    if not found.asked_by:
        yield "no line of survive asks for this"
    for line in found.asked_by:
        yield f"asked by {line}"
    for line in found.asked_later:
        if line not in found.asked_by:
            yield f"asked only later by {line}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(workload: Workload) -> list[str]:
    left = workload.left
    supply = [_number(workload, units) for units in (left.hot, left.convertible, left.cold, left.hoped)]
    floor = None if workload.floor is None else workload.in_words(workload.floor)
    short = "-" if floor is None else _short(workload, workload.short_of_floor)
    return [
        workload.id,
        workload.in_words(workload.demand),
        floor or "-",
        *supply,
        workload.kept_in_words,
        short,
        _short(workload, workload.short_of_demand),
    ]


def _number(workload: Workload, units: int) -> str:
    return workload.in_words(units, down=True).partition(" ")[0]


def _short(workload: Workload, units: int) -> str:
    return workload.in_words(units) if units else "0"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _job(job: Job) -> str:
    if job.status == "re-placed":
        told = f"re-placed: {job.home} → {job.pool}; {_lost(job)}"
        if job.has_copy is False:
            return f"{told}; no copy of the checkpoints there"
        return told if job.has_copy else f"{told}; whether a copy of the checkpoints is there, nobody said"
    if job.status == "stays":
        told = f"stays in {job.home}"
        return (
            f"{told}, which loses nodes or power: if it ran on them, {_lost(job)}" if job.is_struck else told
        )
    why = "stopped to make room, or its spare was needed" if job.status == "preempted" else "nowhere to run"
    return f"{job.status}: {why} (was in {job.home}); {_lost(job)}"


def _lost(job: Job) -> str:
    if job.lost_minutes is None:
        return "work lost not known: no `checkpoint_minutes`"
    expected, worst = job.lost_minutes
    return f"{expected} min of work lost expected, {worst} at worst"


def job_line(job: Job) -> str:
    """What becomes of a job, in one line."""
    return f"{job.id}: {_job(job)}"


def _times(found: Drill) -> Iterator[str]:
    lines = [f"{workload.id}: {range_of(workload.recovery)}" for workload in found.workloads]
    yield from _section("time until what is kept runs again (claimed)", lines)
    terms = dict.fromkeys(term for workload in found.workloads for term in workload.recovery.terms)
    for term in terms:
        where = f" in {term.pool}" if term.pool else ""
        name = term.step.replace("_", " ") + where
        yield f"    {name}: {_span(term.low_seconds, term.high_seconds)} ({term.source})"


def range_of(recovery: Recovery) -> str:
    """The range with what it rests on: `2 min to 20 min, not demonstrated`."""
    if recovery.low_seconds is None or recovery.high_seconds is None:
        return recovery.why
    if not recovery.terms:
        return f"0, {recovery.why}"
    told = _span(recovery.low_seconds, recovery.high_seconds)
    told += ", each term measured or declared" if recovery.is_demonstrated else ", not demonstrated"
    return f"{told} ({recovery.why})" if recovery.why else told


def _span(low: int, high: int) -> str:
    return f"{_duration(low)} to {_duration(high)}"


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _left(left: Left) -> str:
    return f"{left.name}: {left.left} of {left.of} {left.unit}"


def _money(found: Drill) -> Iterator[str]:
    yield from _section(
        "cost (claimed; what is paid for already changes nothing)", [_cost(c) for c in found.costs]
    )
    if not found.costs:
        yield ""
        yield "cost (claimed): no change"
        return
    total = found.micro_usd_per_hour
    month = f"{_usd(total * HOURS_PER_MONTH)} a month of {HOURS_PER_MONTH} hours"
    yield f"  in all: {_usd(total)} an hour, {month}"


def _cost(cost: CostChange) -> str:
    return f"{cost.of}: {cost.why}: {_usd(cost.micro_usd_per_hour)} an hour, at {cost.price}"


def _usd(micro: int) -> str:
    amount = Decimal(abs(micro)) / 1_000_000
    return f"{'-' if micro < 0 else '+'}${amount:,.2f}"

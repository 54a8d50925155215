"""What can go wrong, and what the caller does next.

ArgosyError                      anything a command reports without a traceback
├── FleetError                   the person mends the fleet file (or an inventory); exit code 2
├── LockError                    the person runs the command that the message names; exit code 2
├── ShortfallError               the fleet does not survive; relax a floor or add capacity; exit code 1
└── InfeasiblePlanError          no plan keeps every statement; relax one that is named; exit code 1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in a file a person wrote: where, what was given, what would do.

    `line` and `column` count from 1; 0 means that the place is not known.
    `path` is the dotted path inside the file, e.g. `sites.oslo.node_pools.train.nodes`.
    """

    file: str
    line: int
    column: int
    path: str
    given: str
    expected: str
    fix: str

    def __str__(self) -> str:
        """`file:line:col path: given … expected … fix`, on one line."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}" if self.path else ""
        return f"{place}{path}: given {self.given}; expected {self.expected}; {self.fix}"


class ArgosyError(Exception):
    """Base of every error that a command prints as its message alone, without a traceback."""

    exit_code = 1


class FleetError(ArgosyError):
    """A file a person wrote has faults, all of which are listed. Mend them and run again."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class LockError(ArgosyError):
    """The lock cannot be used as it stands; the message names the command that makes it good."""

    exit_code = 2


@dataclass(frozen=True)
class Shortfall:
    """One floor that is not met: in which scenario, by which workload, and by how much."""

    scenario: str
    within: str
    workload: str
    needed: str
    """With its unit: `12 nodes`, `4.2 requests/s`."""
    kept: str

    def __str__(self) -> str:
        """One line that names scenario, workload and what is missing."""
        time = "" if self.within == "0" else f" (within {self.within})"
        return f"{self.scenario}{time}: {self.workload} needs {self.needed}, keeps {self.kept}"


@dataclass(frozen=True)
class ShareExcess:
    """One party that holds more than `max_share` of the fleet's accelerators."""

    provider: str
    accelerators: int
    allowed: int
    total: int

    def __str__(self) -> str:
        """One line that names the party, what it holds and what it may hold."""
        return (
            f"max_share.provider: {self.provider} holds {self.accelerators} of {self.total} accelerators; "
            f"allowed are {self.allowed}; {self.accelerators - self.allowed} too many"
        )


class ShortfallError(ArgosyError):
    """The fleet does not keep what it promises; every floor and share that is broken is listed."""

    exit_code = 1

    def __init__(self, shortfalls: Iterable[Shortfall | ShareExcess]) -> None:
        self.shortfalls: Sequence[Shortfall | ShareExcess] = tuple(shortfalls)
        super().__init__("\n".join(str(shortfall) for shortfall in self.shortfalls))


@dataclass(frozen=True)
class Statement:
    """One statement of the fleet file that takes part in a conflict."""

    file: str
    line: int
    """Counted from 1; 0 where the place is not known."""
    column: int
    path: str
    """`survive[0]`, `sites.oslo.node_pools.train.nodes`."""
    says: str
    """What it says, in a few words."""
    enough: str | None
    """The least change of this statement that makes a plan possible, and what must give way beside it; empty
    where there is none, None where none was looked for."""
    mends: str = ""
    """Where nothing is enough, since other statements conflict as well: the least change that mends this
    conflict, after which to plan again."""

    def __str__(self) -> str:
        """`file:line:col path: what it says; enough: …`, on one line."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        no_way = "no change of it alone is enough"
        if self.mends:
            no_way = f"mends this conflict, after which others are left: {self.mends}"
        change = f"; enough: {self.enough}" if self.enough else ("" if self.enough is None else f"; {no_way}")
        return f"{place} {self.path}: {self.says}{change}".strip()


class InfeasiblePlanError(ArgosyError):
    """No plan keeps every statement. Those named conflict; without any one of them they could be kept."""

    exit_code = 1

    def __init__(
        self,
        statements: Iterable[Statement],
        message: str,
        *,
        certain: bool = True,
        shortfalls: Iterable[Shortfall] = (),
    ) -> None:
        self.statements: Sequence[Statement] = tuple(statements)
        self.certain = certain
        """Whether there is no plan; otherwise none was found."""
        self.shortfalls: Sequence[Shortfall] = tuple(shortfalls)
        """Scenarios in which the conflict shows: what they need, and the most that can be kept."""
        super().__init__(message)

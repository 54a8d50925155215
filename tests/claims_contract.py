"""What every claims store must do, run over each backend by a subclass that says how to make one."""

from __future__ import annotations

from .claims_contract_grants import GrantTests
from .claims_contract_hardware import HardwareTests
from .claims_contract_races import RaceTests
from .claims_contract_runs import RunTests
from .claims_world import THEIRS, WANTED, ClaimsWorld

__all__ = ["THEIRS", "WANTED", "ClaimsContract", "ClaimsWorld"]


class ClaimsContract(GrantTests, HardwareTests, RunTests, RaceTests):
    """The tests. A subclass gives the fixture `world`."""

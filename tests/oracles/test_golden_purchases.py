"""The graph of a project that buys one of everything, written down: money is spent by nothing else.

`pytest --update-snapshots` writes it anew.
"""

from argosy_component.mock_engine import ResourceGraph
from argosy_component.testing import AssertMatchesSnapshot


def test_purchases_are_declared_as_written_down(
    bought: ResourceGraph, assert_matches_snapshot: AssertMatchesSnapshot
) -> None:
    assert_matches_snapshot(bought, "golden/purchases.json")

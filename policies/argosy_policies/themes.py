"""The themes: each is one policy of the pack and holds the rules about one subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argosy_policies.rule import ResourceRule, Rule, StackRule
from argosy_policies.rules import capacity, identity, network, power, redundancy, supply_chain


@dataclass(frozen=True)
class ResourceTheme:
    """Rules that judge resources one by one, before each is made."""

    name: str
    description: str
    rules: Sequence[ResourceRule]


@dataclass(frozen=True)
class StackTheme:
    """Rules that judge the stack as a whole."""

    name: str
    description: str
    rules: Sequence[StackRule]


Theme = ResourceTheme | StackTheme

THEMES: tuple[Theme, ...] = (
    ResourceTheme("capacity", "Nothing is bought by accident, nor twice.", capacity.RULES),
    ResourceTheme("identity", "Nothing acts with credentials that it can be robbed of.", identity.RULES),
    StackTheme("network", "A hall stays reachable, and can be reinstalled, at the worst.", network.RULES),
    StackTheme("power", "A hall outlives any single failure of its power.", power.RULES),
    StackTheme(
        "redundancy", "No loss of one provider or hall takes the fleet's work with it.", redundancy.RULES
    ),
    ResourceTheme("supply-chain", "What runs is what was reviewed.", supply_chain.RULES),
)


def theme_rules() -> list[tuple[Theme, Rule]]:
    """Every rule with its theme, by id."""
    return sorted(((theme, rule) for theme in THEMES for rule in theme.rules), key=lambda pair: pair[1].id)

"""The `settings` of a hall and of its node pools in the fleet file: what only bare metal understands.

Shapes only, one module per subject; what could not work says `argosy_metal.refusals`. Importing this imports
no SDK.
"""

from __future__ import annotations

from argosy.spec.settings import Shapes
from argosy.spec.values import SpecModel
from argosy_component.contract import NodePoolPlan, SitePlan


class HallSettings(SpecModel):
    """What holds for a whole hall."""


class PoolSettings(SpecModel):
    """What holds for every server of a node pool."""


SHAPES = Shapes(HallSettings, PoolSettings)


def hall_settings(plan: SitePlan) -> HallSettings:
    """The settings of a hall; the defaults where the file says nothing."""
    return plan.settings if isinstance(plan.settings, HallSettings) else HallSettings()


def pool_settings(plan: NodePoolPlan) -> PoolSettings:
    """The settings of a pool; the defaults where the file says nothing."""
    return plan.settings if isinstance(plan.settings, PoolSettings) else PoolSettings()

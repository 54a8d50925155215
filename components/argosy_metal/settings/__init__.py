"""The `settings` of a hall and of its node pools in the fleet file: what only bare metal understands.

Shapes only, one module per subject; what could not work says `argosy_metal.refusals`. Importing this imports
no SDK.
"""

from __future__ import annotations

from argosy.spec.settings import Shapes
from argosy.spec.values import SpecModel
from argosy_component.contract import NodePoolPlan, SitePlan
from argosy_metal.settings.acceptance import AcceptancePoolSettings
from argosy_metal.settings.bios import BiosPoolSettings
from argosy_metal.settings.budgets import BudgetSettings
from argosy_metal.settings.cluster import ClusterSettings, JoinSettings
from argosy_metal.settings.engine import Engine, IronicSettings
from argosy_metal.settings.firmware import FirmwarePoolSettings
from argosy_metal.settings.machines import InstallSettings, WipeSettings
from argosy_metal.settings.power_cap import PowerCapPoolSettings
from argosy_metal.settings.provisioning import ProvisioningSettings
from argosy_metal.settings.secure_boot import SecureBootPoolSettings
from argosy_metal.settings.storage import StoragePoolSettings


class HallSettings(SpecModel):
    """What holds for a whole hall."""

    budgets: BudgetSettings = BudgetSettings()
    engine: Engine = "redfish"
    """Who drives the BMCs: Argosy over Redfish, or Ironic."""
    ironic: IronicSettings | None = None
    """Only with `engine: ironic`."""
    provisioning: ProvisioningSettings | None = None
    """The hall's own service for installers; left out: the images need nothing beside themselves."""
    cluster: ClusterSettings | None = None
    """The cluster that the hall's machines join; left out: Argosy joins them to none."""


class PoolSettings(SpecModel):
    """What holds for every server of a node pool."""

    install: InstallSettings = InstallSettings()
    wipe: WipeSettings | None = None
    """What becomes of the drives when a machine is taken down; left out: nothing."""
    bios: BiosPoolSettings | None = None
    """BIOS attributes of the servers; left out: they stay as they are."""
    firmware: FirmwarePoolSettings | None = None
    """Firmware of the servers' components; left out: it stays as it is."""
    storage: StoragePoolSettings | None = None
    """RAID volumes of the servers; left out: they stay as they are."""
    secure_boot: SecureBootPoolSettings | None = None
    """UEFI secure boot of the servers; left out: it stays as it is."""
    power_cap: PowerCapPoolSettings | None = None
    """What the servers may draw, and how they come back after an outage; left out: all stays as it is."""
    acceptance: AcceptancePoolSettings | None = None
    """What the machines must show before they are used; left out: nothing."""
    join: JoinSettings | None = None
    """How the machines stand in the hall's cluster; left out: Argosy joins them to none."""


SHAPES = Shapes(HallSettings, PoolSettings)


def hall_settings(plan: SitePlan) -> HallSettings:
    """The settings of a hall; the defaults where the file says nothing."""
    return plan.settings if isinstance(plan.settings, HallSettings) else HallSettings()


def pool_settings(plan: NodePoolPlan) -> PoolSettings:
    """The settings of a pool; the defaults where the file says nothing."""
    return plan.settings if isinstance(plan.settings, PoolSettings) else PoolSettings()

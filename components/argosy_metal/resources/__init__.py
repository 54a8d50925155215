"""The provider's resources as a Pulumi program in Python declares them, one module per resource."""

from argosy_metal.resources.acceptance import Acceptance
from argosy_metal.resources.bios_settings import BiosSettings
from argosy_metal.resources.claim import ServerClaim
from argosy_metal.resources.firmware_baseline import FirmwareBaseline, FirmwareImage
from argosy_metal.resources.hall_provider import BareMetalProvider
from argosy_metal.resources.machine import Machine
from argosy_metal.resources.node_join import NodeJoin
from argosy_metal.resources.power_cap import PowerCap
from argosy_metal.resources.power_state import PowerState
from argosy_metal.resources.secure_boot import BootCertificate, SecureBoot
from argosy_metal.resources.storage_layout import RaidVolume, StorageLayout
from argosy_metal.resources.virtual_media import VirtualMedia

__all__ = [
    "Acceptance",
    "BareMetalProvider",
    "BiosSettings",
    "BootCertificate",
    "FirmwareBaseline",
    "FirmwareImage",
    "Machine",
    "NodeJoin",
    "PowerCap",
    "PowerState",
    "RaidVolume",
    "SecureBoot",
    "ServerClaim",
    "StorageLayout",
    "VirtualMedia",
]

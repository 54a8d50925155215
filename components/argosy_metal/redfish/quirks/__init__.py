"""Where vendors differ, as data: one YAML file per family of BMCs. The code names no vendor."""

from argosy_metal.redfish.quirks.files import quirk_files
from argosy_metal.redfish.quirks.match import Identity, identity_of, quirks_for
from argosy_metal.redfish.quirks.model import GENERIC, AcCycle, Quirks

__all__ = ["GENERIC", "AcCycle", "Identity", "Quirks", "identity_of", "quirk_files", "quirks_for"]

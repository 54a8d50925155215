"""From a claimed server to a running machine, resumable after any interruption.

Every step is *observe → skip if done → act → confirm*. What may be done next is written with the claim before
it is done, so whoever comes after a crash knows whether the server may have been powered on already.

Why no server is installed twice: the installer is only ever started by the change from off to on, which is
permitted (phase `booting`) when off, image and boot override were all observed. After that, a server found
off with the override still set was never started; one found on is left alone until it reports its install id.
"""

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.decide import Observation, Step, next_step
from argosy_metal.lifecycle.drive_wiper import DriveWiper
from argosy_metal.lifecycle.driver import (
    BootMethod,
    MachineDriver,
    Running,
    Seen,
    UserData,
    Wanted,
    Wipe,
    WipePolicy,
)
from argosy_metal.lifecycle.failure import InterruptedMachineError, MachineError, MachineNotReadyError
from argosy_metal.lifecycle.image import Image, ImageKind
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.limits import Limits
from argosy_metal.lifecycle.machine import Machine
from argosy_metal.lifecycle.provisioning import (
    NoProvisioning,
    Offer,
    Provisioning,
    ProvisioningService,
    ProvisioningUnavailableError,
)
from argosy_metal.lifecycle.reports import Report, ReportService
from argosy_metal.lifecycle.server import Installer, RedfishServer, Server
from argosy_metal.lifecycle.wiping import Wiper, owes_wipe
from argosy_metal.lifecycle.work import Hands

__all__ = [
    "BootMethod",
    "DriveWiper",
    "Hands",
    "Image",
    "ImageKind",
    "Installer",
    "InterruptedMachineError",
    "Journal",
    "Leash",
    "Limits",
    "Machine",
    "MachineDriver",
    "MachineError",
    "MachineNotReadyError",
    "NoProvisioning",
    "Observation",
    "Offer",
    "Provisioning",
    "ProvisioningService",
    "ProvisioningUnavailableError",
    "RedfishServer",
    "Report",
    "ReportService",
    "Running",
    "Seen",
    "Server",
    "ServerAccess",
    "Step",
    "UserData",
    "Wanted",
    "Wipe",
    "WipePolicy",
    "Wiper",
    "next_step",
    "owes_wipe",
]

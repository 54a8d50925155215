"""How the BMCs of different server types present themselves, as data.

Sources: names of systems and managers of DGX H100 from NVIDIA's DGX H100 user guide ("Redfish APIs support");
the shapes (task or no content, media on system or manager) vary so that clients meet both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One family of servers."""

    manufacturer: str = "Argosy"
    model: str = "Simulated server"
    system_id: str = "1"
    manager_id: str = "BMC"
    media_on_manager: bool = False
    """Virtual media stands under the manager instead of the system."""
    answers_with_tasks: bool = False
    """Reset is answered with 202 and a task instead of 204."""
    has_sessions: bool = True
    """Old BMCs know Basic authentication only."""
    gpu_system_id: str | None = None
    """A second system that holds the GPUs."""
    gpus: int = 0
    gpu_model: str = ""


def _dgx(model: str, gpu: str) -> Profile:
    return Profile(
        manufacturer="NVIDIA",
        model=model,
        system_id="DGX",
        media_on_manager=True,
        answers_with_tasks=True,
        gpu_system_id="HGX_Baseboard_0",
        gpus=8,
        gpu_model=gpu,
    )


_PROFILES: Mapping[str, Profile] = {
    "dgx-h100": _dgx("DGX H100", "H100 SXM5"),
    "dgx-h200": _dgx("DGX H200", "H200 SXM5"),
    "dgx-b200": _dgx("DGX B200", "B200 SXM"),
    "gb200-nvl72-tray": Profile(
        manufacturer="NVIDIA",
        model="GB200 NVL72 compute tray",
        system_id="System_0",
        manager_id="BMC_0",
        gpu_system_id="HGX_Baseboard_0",
        gpus=4,
        gpu_model="GB200",
    ),
    "without-sessions": Profile(model="Simulated server of the first Redfish years", has_sessions=False),
}


def profile_of(server_type: str) -> Profile:
    """The profile of a server type of the catalogue; a plain server if there is none."""
    return _PROFILES.get(server_type, Profile())

"""The Redfish client: one BMC at a time, sessions always closed, ETags honoured, no POST sent twice.

```python
account = Credentials(user, password)
async with RedfishClient(url, account, trust=Trust(ca_file=ca), user_agent="argosy/1 run=7f3a") as bmc:
    system = await find_system(bmc, serial="SN1")   # WrongServerError if another server answers
    state = await system.observe()
    slot = await system.optical_slot()
    if not (await slot.observe()).holds(image_url):
        await slot.insert(image_url)
    await system.set_boot_override_once(system.optical_boot_target(state))
    await system.reset("On" if state.power == "Off" else "ForceRestart")
```

Every error class says the next move (`errors.py`). `BmcGates` keeps all clients of one BMC in a process to
one writer, two requests at once and one session. Sources: DMTF DSP0266, DSP0268; where vendors differ:
`quirks/`.
"""

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import (
    BmcAuthError,
    BmcBusyError,
    BmcInternalError,
    BmcMissingError,
    BmcRefusedError,
    BmcTaskError,
    BmcTrustError,
    BmcUnreachableError,
    PasswordChangeError,
    RedfishError,
    SessionLostError,
    TaskUnfinishedError,
    WrongServerError,
)
from argosy_metal.redfish.gate import BmcGate, BmcGates
from argosy_metal.redfish.media import MediaState, VirtualMediaSlot
from argosy_metal.redfish.settings import Clock, Credentials, Patience, Resolve, SystemClock
from argosy_metal.redfish.system import System, SystemState, find_system
from argosy_metal.redfish.trust import AuthorityFileError, Trust, read_authority

__all__ = [
    "AuthorityFileError",
    "BmcAuthError",
    "BmcBusyError",
    "BmcGate",
    "BmcGates",
    "BmcInternalError",
    "BmcMissingError",
    "BmcRefusedError",
    "BmcTaskError",
    "BmcTrustError",
    "BmcUnreachableError",
    "Clock",
    "Credentials",
    "MediaState",
    "PasswordChangeError",
    "Patience",
    "RedfishClient",
    "RedfishError",
    "Resolve",
    "SessionLostError",
    "System",
    "SystemClock",
    "SystemState",
    "TaskUnfinishedError",
    "Trust",
    "VirtualMediaSlot",
    "WrongServerError",
    "find_system",
    "read_authority",
]

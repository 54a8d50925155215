"""Simulated halls: every server's BMC speaks Redfish over TLS, and machines install, boot and phone home.

One process, one loopback port, ten thousand servers. Every BMC and every hall's provisioning service has a
host name of its own; the client is told by `Endpoint.resolve` where they lead, and trusts `DIRECTORY/ca.pem`.

```python
config = SimulatorConfig(
    halls=(SimulatedHall("hall-north", "provision.hall-north.test", (
        SimulatedServer("bmc-1.hall-north.test", "SN1", "dgx-h200", "rack-1"),)),),
    time_scale=600,
)
endpoint = start_detached(config, Path(".argosy/local/simulator"))   # ready when it returns; stop(directory)
```

| address | answers |
|---|---|
| `https://BMC_HOST/redfish/v1/` | Redfish; user `argosy`, password in `DIRECTORY/bmc-password` |
| `https://PROVISION_HOST/images/NAME.iso?install=ID&sha256=…` | an image (also `/images/SHA256.iso`) |
| `https://PROVISION_HOST/firmware/SERVER_TYPE/COMPONENT/VERSION.bin` | firmware, whatever the version |
| `https://PROVISION_HOST/phone-home/SERIAL` | what the machine last said when it booted; 404 until then |
| `https://control.test/_control/…` | counters, writes, faults, switches: `SimulatorControl(DIRECTORY)` |

In tests, `async with simulate(config, tmp_path, clock=ManualClock()) as sim:` runs one in the process;
import it from `argosy_metal.simulator.in_process`, which loads the web server.
"""

from argosy_metal.simulator.clock import ManualClock, ScaledClock
from argosy_metal.simulator.control import SimulatorControl
from argosy_metal.simulator.daemon import running, serve, start_detached, stop
from argosy_metal.simulator.endpoint import (
    CA_FILE,
    PASSWORD_FILE,
    USERNAME_FILE,
    Endpoint,
    SimulatorError,
    SimulatorNotRunningError,
    read_endpoint,
)
from argosy_metal.simulator.fault_rules import FaultRule, parse_faults
from argosy_metal.simulator.switches import HallEvent, SwitchError
from argosy_metal.simulator.world import (
    USERNAME,
    Durations,
    PowerRules,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatedUnit,
    SimulatorConfig,
    image_bytes,
    image_sha256,
)

__all__ = [
    "CA_FILE",
    "PASSWORD_FILE",
    "USERNAME",
    "USERNAME_FILE",
    "Durations",
    "Endpoint",
    "FaultRule",
    "HallEvent",
    "ManualClock",
    "PowerRules",
    "ScaledClock",
    "SimulatedFeed",
    "SimulatedHall",
    "SimulatedServer",
    "SimulatedUnit",
    "SimulatorConfig",
    "SimulatorControl",
    "SimulatorError",
    "SimulatorNotRunningError",
    "SwitchError",
    "image_bytes",
    "image_sha256",
    "parse_faults",
    "read_endpoint",
    "running",
    "serve",
    "start_detached",
    "stop",
]

"""A simulator whose BMCs have a loopback port each besides: Ironic cannot be told about host names.

    python benchmarks/metal_simulator.py DIRECTORY

Takes the configuration from DIRECTORY/simulator.json, prints the ports by host name when it answers, and ends
with SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from argosy_metal.simulator.daemon import CONFIG_FILE
from argosy_metal.simulator.in_process import simulate
from argosy_metal.simulator.world import read_config


async def serve(directory: Path) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with simulate(read_config(directory / CONFIG_FILE), directory, ports="each") as simulator:
        simulator.endpoint.write(directory)
        print(json.dumps(dict(simulator.ports)), flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

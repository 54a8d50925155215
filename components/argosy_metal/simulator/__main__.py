"""`python -m argosy_metal.simulator DIRECTORY`: what a detached simulator runs."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from argosy.errors import ArgosyError
from argosy_metal.simulator.daemon import CONFIG_FILE, serve
from argosy_metal.simulator.world import read_config


def main(arguments: list[str]) -> int:
    """Serve the configuration that stands in the directory."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    directory = Path(arguments[0])
    try:
        serve(
            read_config(directory / CONFIG_FILE),
            directory,
            lambda endpoint: logging.getLogger(__name__).info("ready on port %d", endpoint.port),
        )
    except ArgosyError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

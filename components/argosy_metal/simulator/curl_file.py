"""`curl.conf` in a simulator's directory: how curl reaches every simulated host, with the BMCs' account.

A file, since a password on the command line could be read by everybody on the computer.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from argosy_metal.simulator.endpoint import CA_FILE, PASSWORD_FILE
from argosy_metal.simulator.world import USERNAME

CURL_FILE = "curl.conf"


def write_curl_file(directory: Path, port: int) -> None:
    """Write it anew, readable by its owner alone."""
    password = (directory / PASSWORD_FILE).read_text(encoding="utf-8").strip()
    lines = {
        "cacert": str((directory / CA_FILE).resolve()),
        "connect-to": f"::127.0.0.1:{port}",
        "user": f"{USERNAME}:{password}",
    }
    path = directory / CURL_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        # curl reads quoted values with the escapes that JSON writes for these characters.
        file.writelines(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())

"""Which physical server a claim is on, whatever its hall is called.

A claim is named `site/serial`, but `site` is a word of one fleet file: another file may call the same hall
something else, and list the same server. What both have in common is its BMC and its serial number. So a
store grants these two together once.

Both must match. Serial numbers of different vendors may coincide, so an equal serial number behind another
BMC is another server. One BMC may show several systems, so another serial number behind an equal BMC is
another server too. One BMC that two files reach by two addresses (its name and its IP address) is not seen
to be one.
"""

from __future__ import annotations

import hashlib

from argosy.spec.bmc_address import bmc_address


def hardware_digest(bmc: object, serial: str) -> str | None:
    """SHA-256 of a BMC's address and a serial number, as hex; None for what is no address."""
    if not isinstance(bmc, str):
        return None
    # Of fixed length, and nothing that a database or an object's name does not take.
    known = f"{bmc_address(bmc)} {''.join(serial.split()).casefold()}"
    return hashlib.sha256(known.encode(errors="backslashreplace")).hexdigest()

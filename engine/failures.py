"""What can go wrong on the way to an engine, each as one sentence that says what would do."""

import errno
import re
from collections.abc import Iterable
from pathlib import Path


class EngineError(Exception):
    """No engine could be had; the message is for the user, one sentence, without credentials."""


_DISK_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_CHECKSUM = re.compile(
    r"checksum mismatch|SECURITY ERROR|do not match the hashes|missing go\.sum entry", re.IGNORECASE
)
_NETWORK = re.compile(
    r"dial tcp|no such host|connection (refused|reset|timed out)|i/o timeout|TLS handshake|x509:|proxyconnect"
    r"|network is unreachable|unexpected EOF|server response|Bad Gateway|Service Unavailable|Forbidden"
    r"|NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|SSLError|error sending request",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(r"No matching distribution|no solution found", re.IGNORECASE)
_TOOLCHAIN = re.compile(r"toolchain not available|requires go >= ", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|read-only file system", re.IGNORECASE)


def explain_output(lines: Iterable[str], tool: str, code: int) -> str:
    """One sentence for the failure of `tool` (`go` or `pip`) with exit code `code`, from what it wrote."""
    kept = [mask_credentials(" ".join(line.split())) for line in lines if line.strip()]

    def seen(pattern: re.Pattern[str]) -> str | None:
        return next((line for line in kept if pattern.search(line)), None)

    if seen(_DISK_FULL):
        return (
            "the disk is full: building the engine takes about 5 GB for a while; free some, or set "
            "XDG_CACHE_HOME, GOCACHE, GOMODCACHE and TMPDIR to folders on a larger disk"
        )
    if line := seen(_CHECKSUM):
        return f"what was fetched is not what is pinned, so it was not used ({line})"
    if line := seen(_TOOLCHAIN):
        return f"this Go is older than engine/go.mod asks for and can fetch none ({line}); install a newer Go"
    if line := seen(_NETWORK):
        setting = "GOPROXY" if tool == "go" else "PIP_INDEX_URL"
        return f"{tool} cannot fetch over the network ({line}); check it, or set {setting} to a mirror"
    if line := seen(_NOT_FOUND):
        # pip says the same of an index that cannot be reached and of one that lacks the package.
        return f"no package index that can be reached has it for this machine ({line}); check PIP_INDEX_URL"
    if line := seen(_DENIED):
        return f"{tool} may not write where it has to ({line}); make that folder writable"
    if code < 0:
        return f"{tool} was killed by signal {-code}; a build needs about 2.5 GB of memory"
    return f"{tool} failed with exit code {code} ({kept[-1] if kept else 'it wrote nothing'})"


def explain_os_error(error: OSError, cache: Path) -> str:
    """One sentence for a failure to read or write files of the engine cache `cache`."""
    where = error.filename or cache
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {where} cannot be written; free about 5 GB, or set XDG_CACHE_HOME"
    return (
        f"the engine cache cannot be used: {where}: {error.strerror}; make it writable, or set XDG_CACHE_HOME"
    )


def mask_credentials(text: str) -> str:
    """The text with `user:password@` in addresses replaced."""
    return re.sub(r"://[^/@\s]+@", "://***@", text)

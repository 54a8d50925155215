"""The TLS contexts of a simulator: the usual one, and one for each way to be wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path

from argosy_metal.simulator.certificates import Authority
from argosy_metal.simulator.fault_rules import FaultKind


class Contexts:
    """Made when they are first needed."""

    def __init__(self, hosts: Iterable[str], ca_file: Path) -> None:
        self._hosts = tuple(hosts)
        self._authority = Authority(ca_file)
        self.usual: ssl.SSLContext = self._authority.context(self._hosts)
        self._spoilt: dict[FaultKind, ssl.SSLContext] = {}

    def of(self, kind: FaultKind) -> ssl.SSLContext:
        """The context of a `tls-…` fault; always the same for the same one."""
        if kind not in self._spoilt:
            self._spoilt[kind] = self._authority.spoilt_context(kind, self._hosts)
        return self._spoilt[kind]

"""Drive the pack as the engine does: protobuf in, diagnostics out, through the SDK's own analyzer.

Hand-made dictionaries would hide what the SDK does to properties: proxies, floats, sentinels for unknowns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi.runtime.rpc import UNKNOWN
from pulumi_policy import EnforcementLevel, policy

from argosy_policies.pack import PACK_NAME, policies

UNKNOWN_VALUE = UNKNOWN
"""Stands for a value that only the update knows, wherever a value may stand."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the wire's mark of a secret, the same for all


def secret(value: object) -> dict[str, object]:
    """`value` as the engine sends a secret."""
    return {_SIGNATURE: _SECRET, "value": value}


@dataclass(frozen=True)
class Declared:
    """A resource as the engine would present it."""

    type: str
    name: str
    properties: Mapping[str, Any]
    protect: bool = False
    project: str = "argosy"

    @property
    def urn(self) -> str:
        """The URN in a stack `test` of the project."""
        return f"urn:pulumi:test::{self.project}::{self.type}::{self.name}"

    @property
    def options(self) -> analyzer_pb2.AnalyzerResourceOptions:
        """The resource options that policies see."""
        return analyzer_pb2.AnalyzerResourceOptions(protect=self.protect)


@dataclass(frozen=True)
class Diagnostic:
    """What the engine would print, and whether it fails the run."""

    policy: str
    message: str
    urn: str
    mandatory: bool


class _Analyzer(Protocol):
    """What the SDK's gRPC server serves, whose own types say little."""

    def Configure(  # noqa: N802 - the wire's names
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, _context: None, /
    ) -> object: ...

    def GetAnalyzerInfo(self, _request: None, _context: None, /) -> analyzer_pb2.AnalyzerInfo: ...  # noqa: N802

    def Analyze(  # noqa: N802
        self, request: analyzer_pb2.AnalyzeRequest, _context: None, /
    ) -> analyzer_pb2.AnalyzeResponse: ...

    def AnalyzeStack(  # noqa: N802
        self, request: analyzer_pb2.AnalyzeStackRequest, _context: None, /
    ) -> analyzer_pb2.AnalyzeResponse: ...


class Pack:
    """The policies behind the SDK's own analyzer, configured as the engine would configure it."""

    def __init__(self, config: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._analyzer = _analyzer()
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for name, properties in (config or {}).items():
            request.policyConfig[name].enforcementLevel = analyzer_pb2.MANDATORY
            request.policyConfig[name].properties.CopyFrom(_struct(properties))
        self._analyzer.Configure(request, None)

    def info(self) -> analyzer_pb2.AnalyzerInfo:
        """What the engine learns of the pack when it starts it."""
        return self._analyzer.GetAnalyzerInfo(None, None)

    def analyze(self, declared: Declared) -> list[Diagnostic]:
        """What the resource policies say of one resource."""
        request = analyzer_pb2.AnalyzeRequest(
            type=declared.type,
            name=declared.name,
            urn=declared.urn,
            properties=_struct(declared.properties),
            options=declared.options,
        )
        return _diagnostics(self._analyzer.Analyze(request, None))

    def analyze_stack(self, *declared: Declared) -> list[Diagnostic]:
        """What the stack policies say of a stack that holds these resources."""
        resources = [
            analyzer_pb2.AnalyzerResource(
                type=one.type,
                name=one.name,
                urn=one.urn,
                properties=_struct(one.properties),
                options=one.options,
            )
            for one in declared
        ]
        request = analyzer_pb2.AnalyzeStackRequest(resources=resources)
        return _diagnostics(self._analyzer.AnalyzeStack(request, None))


def _analyzer() -> _Analyzer:
    # The SDK offers no other way in than the class that its gRPC server serves.
    servicer = policy._PolicyAnalyzerServicer  # pyright: ignore[reportPrivateUsage]
    return servicer(PACK_NAME, "0.0.1", policies(), EnforcementLevel.ADVISORY)


def _struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def _diagnostics(response: analyzer_pb2.AnalyzeResponse) -> list[Diagnostic]:
    return [
        Diagnostic(
            one.policyName, one.message, one.urn, mandatory=one.enforcementLevel == analyzer_pb2.MANDATORY
        )
        for one in response.diagnostics
    ]

"""The two documents that OData asks for beside Redfish: `$metadata` and the service document."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from argosy_metal.simulator.replies import Json

METADATA = "/redfish/v1/$metadata"
SERVICE_DOCUMENT = "/redfish/v1/odata"
_SCHEMAS = "http://redfish.dmtf.org/schemas/v1"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"


def metadata(types: Iterable[str]) -> bytes:
    """A reference for every type in use, e.g. `ComputerSystem.v1_22_0.ComputerSystem`."""
    by_file: dict[str, set[str]] = {"RedfishExtensions": {"RedfishExtensions.v1_0_0"}}
    for name in types:
        namespace = name.rpartition(".")[0]
        schema = namespace.partition(".")[0]
        by_file.setdefault(schema, set()).update({schema, namespace})
    by_file.setdefault("ServiceRoot", set()).add("ServiceRoot")
    references = "".join(_reference(schema, names) for schema, names in sorted(by_file.items()))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<edmx:Edmx xmlns:edmx="{_EDMX}" Version="4.0">\n{references}'
        f'  <edmx:DataServices>\n    <Schema xmlns="{_EDM}" Namespace="Service">\n'
        '      <EntityContainer Name="Service" Extends="ServiceRoot.v1_0_0.ServiceContainer"/>\n'
        "    </Schema>\n  </edmx:DataServices>\n</edmx:Edmx>\n"
    ).encode()


def service_document(links: Iterable[tuple[str, str]]) -> Json:
    """The singletons of the service, by name and path."""
    return {
        "@odata.context": METADATA,
        "value": [{"name": name, "kind": "Singleton", "url": path} for name, path in links],
    }


def described_by(body: Json) -> str:
    """The Link header of a resource: where its schema is."""
    name = str(body.get("@odata.type", "")).lstrip("#").rpartition(".")[0]
    return f"<{_SCHEMAS}/{name}.json>; rel=describedby"


def _reference(schema: str, namespaces: set[str]) -> str:
    uri = quoteattr(f"{_SCHEMAS}/{schema}_v1.xml")
    includes = "".join(
        f"    <edmx:Include Namespace={quoteattr(name)}{_alias(name)}/>\n" for name in sorted(namespaces)
    )
    return f"  <edmx:Reference Uri={uri}>\n{includes}  </edmx:Reference>\n"


def _alias(namespace: str) -> str:
    return ' Alias="Redfish"' if namespace == "RedfishExtensions.v1_0_0" else ""

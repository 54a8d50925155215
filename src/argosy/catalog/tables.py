"""The catalogue as tables for people and as JSON for programs. An estimate is marked with `~`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from rich.table import Table
from rich.text import Text

from argosy.catalog.facts import plain_value
from argosy.catalog.models import Accelerator, Entry, InstanceType, NodeType, PowerSupplies, ServerType

_CAPTION = "~ estimate; - stated by no source; sources: argosy catalog show NAME"


def accelerator_table(entries: Iterable[Accelerator]) -> Table:
    """One line per accelerator."""
    table = _table("Accelerators", "name", "vendor", "memory GB >", "TDP W >", "part of")
    for entry in entries:
        table.add_row(
            entry.name,
            entry.vendor,
            _cell(entry, "memory_gb"),
            _cell(entry, "tdp_watts"),
            entry.slice_of or "",
        )
    return table


def instance_type_table(entries: Iterable[InstanceType]) -> Table:
    """One line per instance type."""
    table = _table(
        "Instance types",
        *(
            "provider",
            "name",
            "accelerators",
            "vCPU >",
            "GiB >",
            "fabric",
            "Gbit/s >",
            "kW >",
            "$/h >",
            "capacity",
        ),
    )
    for entry in entries:
        table.add_row(
            entry.provider,
            entry.name,
            _accelerators(entry),
            _cell(entry, "vcpus"),
            _cell(entry, "memory_gib"),
            entry.fabric,
            _cell(entry, "fabric_gbps"),
            _cell(entry, "node_power_kw"),
            _cell(entry, "price_usd_per_hour"),
            _cell(entry, "capacity_types"),
        )
    return table


def server_type_table(entries: Iterable[ServerType]) -> Table:
    """One line per bare-metal server type."""
    table = _table(
        "Server types",
        *("name", "accelerators", "NVLink domain >", "fabric", "Gbit/s >", "kW >", "power supplies", "U >"),
    )
    for entry in entries:
        table.add_row(
            entry.name,
            _accelerators(entry),
            _cell(entry, "nvlink_domain"),
            entry.fabric,
            _cell(entry, "fabric_gbps"),
            _cell(entry, "node_power_kw"),
            _cell(entry, "power_supplies"),
            _cell(entry, "rack_units"),
        )
    return table


def entry_table(entry: Entry) -> Table:
    """One line per value of the entry, with where it comes from."""
    sources = sorted(set(entry.provenance.values()), key=lambda origin: (origin.source, origin.as_of))
    legend = Text(
        "\n".join(f"[{n}] {origin.source} {origin.url or ''}" for n, origin in enumerate(sources, 1))
    )
    table = Table(title=Text(entry.key), caption=legend, caption_justify="left")
    for heading in ("value", "", "as of", "confidence", "source"):
        table.add_column(heading, overflow="fold")
    for name in sorted(entry.values()):
        origin = entry.provenance[name]
        number = Text(f"[{sources.index(origin) + 1}]")
        table.add_row(name, Text(_shown(entry, name)), origin.as_of.isoformat(), origin.confidence, number)
    return table


def entry_as_json(entry: Entry) -> dict[str, object]:
    """The entry as plain JSON: its name, and every value with its provenance."""
    values = {
        name: {"value": plain_value(value), **entry.provenance[name].model_dump(mode="json")}
        for name, value in sorted(entry.values().items())
    }
    provider = {"provider": entry.provider} if isinstance(entry, NodeType) else {}
    return {"name": entry.name, **provider, "values": values}


def _table(title: str, *headings: str) -> Table:
    """A table; a heading that ends in `>` aligns its column right."""
    table = Table(title=title, caption=_CAPTION, caption_justify="left")
    for heading in headings:
        justify = "right" if heading.endswith(">") else "left"
        table.add_column(heading.removesuffix(" >"), justify=justify, no_wrap=True)
    return table


def _accelerators(entry: NodeType) -> str:
    return f"{entry.accelerators} x {entry.accelerator}"


def _cell(entry: Entry, name: str) -> str:
    if name not in entry.provenance:
        return "-"
    return f"{'~' if entry.provenance[name].confidence == 'estimate' else ''}{_shown(entry, name)}"


def _shown(entry: Entry, name: str) -> str:
    """A value in few words."""
    value: object = getattr(entry, name)
    if isinstance(value, PowerSupplies):
        return f"{value.count} x {value.watts} W, {value.spare} spare"
    if name == "price_usd_per_hour":
        return f"{value:.2f}"
    return _in_words(plain_value(value))


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_in_words(part) for part in cast("list[object]", value))
    if isinstance(value, dict):
        parts = cast("dict[str, object]", value)
        return "(" + ", ".join(f"{name}: {_in_words(part)}" for name, part in parts.items()) + ")"
    return str(value)

"""What limits a server's draw: the settings of its parts, and what they come to. Pure."""

from __future__ import annotations

from functools import cache

from argosy_metal.simulator.hardware import Hardware, Limit
from argosy_metal.simulator.parts import PartsState

NODE = "node"


def gpu_names(hardware: Hardware, gpus: int) -> tuple[str, ...]:
    """Ids of the GPUs on the baseboard."""
    return _numbered(hardware.gpu_name, gpus)


@cache
def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(name.format(number) for number in range(count))


def module_names(hardware: Hardware) -> tuple[str, ...]:
    """Ids of the processor modules with a limit of their own."""
    return _numbered("HGX_ProcessorModule_{}", hardware.modules)


def ranges(hardware: Hardware, gpus: int) -> dict[str, Limit]:
    """Every part with a limit, and its range."""
    found: dict[str, Limit] = dict.fromkeys(gpu_names(hardware, gpus), hardware.gpu_limit)
    if hardware.module_limit is not None:
        found |= dict.fromkeys(module_names(hardware), hardware.module_limit)
    if hardware.node_limit is not None:
        found[NODE] = hardware.node_limit
    return found


def limit_watts(parts: PartsState, hardware: Hardware, gpus: int, max_watts: float) -> float | None:
    """The most that the server may draw by all limits together; None without any.

    What a part may not draw is missing from `max_watts`; parts do not make up for each other.
    """
    known = ranges(hardware, gpus)
    cuts = {name: known[name].max_watts - watts for name, watts in parts.limits.items() if name in known}
    node = parts.limits.get(NODE)
    gpu_cut = sum(cuts.get(name, 0) for name in gpu_names(hardware, gpus))
    module_cut = sum(cuts.get(name, 0) for name in module_names(hardware))
    by_parts = max_watts - max(gpu_cut, module_cut) if gpu_cut or module_cut else None
    given = [watts for watts in (node, by_parts) if watts is not None]
    return min(given) if given else None

"""The BIOS settings of a server: what is in force, what is pending, what its registry allows.

Writes go to the object that `@Redfish.Settings` names, with that object's ETag, and take effect at the
next self-test. Sources: DSP0266 "Settings resource"; DSP8010 schemas Bios, AttributeRegistry; where vendors
differ, see `quirks/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argosy_metal.redfish.bios_rules import AttributeRule, AttributeValue, rules_of
from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcMissingError, BmcRefusedError
from argosy_metal.redfish.members import links, member_links, members
from argosy_metal.redfish.messages import Json, as_list, as_object, number_of, object_at, text_at, texts_at
from argosy_metal.redfish.text import clean
from argosy_metal.redfish.urls import local_path

_ON_RESET = "OnReset"
_ENDED = frozenset(
    {"Completed", "CompletedWithErrors", "Exception", "Failed", "Cancelled", "Killed", "Invalid"}
)
_LONGEST_VALUE = 16384
_SLOW_SECONDS = 300.0
"""For registries, which hold thousands of entries and take BMCs minutes."""


@dataclass(frozen=True)
class BiosState:
    """What a look at the BIOS showed."""

    attributes: Mapping[str, Any]
    """In force."""
    pending: Mapping[str, Any]
    """What the settings object holds and is not in force."""
    settings_path: str
    registry: str
    """Name of the attribute registry; empty if the BMC names none."""
    apply_times: tuple[str, ...]
    """What the BMC says it offers; often nothing."""


class Bios:
    """The BIOS of one server. Get it by `find_bios`."""

    def __init__(self, client: RedfishClient, path: str, *, jobs_path: str | None = None) -> None:
        self.path = path
        self._client = client
        self._jobs_path = jobs_path
        """Where a vendor queues jobs, without which pending attributes wait for ever."""

    @property
    def needs_jobs(self) -> bool:
        """Whether pending attributes wait for ever unless a job carries them over."""
        return self._jobs_path is not None

    async def observe(self) -> BiosState:
        """Look at both objects.

        Raises BmcRefusedError if the BMC shows no attributes, or no object to write them to.
        """
        operation = "observe the BIOS settings"
        body = (await self._client.get(self.path, operation)).body
        settings = text_at(body, "@Redfish.Settings", "SettingsObject", "@odata.id")
        in_force = _attributes(body)
        if not in_force or settings is None:
            raise BmcRefusedError(self._client.host, operation, "this BMC offers no BIOS attributes to set")
        wished = _attributes((await self._client.get(settings, operation)).body)
        return BiosState(
            attributes=in_force,
            # Some settings objects show every attribute, others only what is pending.
            pending={name: value for name, value in wished.items() if value != in_force.get(name)},
            settings_path=settings,
            registry=text_at(body, "AttributeRegistry") or "",
            apply_times=texts_at(body, "@Redfish.Settings", "SupportedApplyTimes"),
        )

    async def rules(self, registry: str) -> Mapping[str, AttributeRule] | None:
        """What the registry of that name allows; None if the BMC does not offer it."""
        operation = "read the BIOS attribute registry"
        root = await self._client.root()
        collection = text_at(root, "Registries", "@odata.id")
        if not registry or collection is None:
            return None
        paths = await member_links(self._client, collection, operation)
        for path in sorted(paths, key=lambda path: path.rpartition("/")[2] != registry):
            file = (await self._client.get(path, operation)).body
            if _is_registry(file, registry) and (uri := _location(file)):
                answer = await self._client.get(uri, operation, total_seconds=_SLOW_SECONDS)
                return rules_of(answer.body)
        return None

    async def set_pending(self, state: BiosState, attributes: Mapping[str, AttributeValue]) -> None:
        """Write attributes for the next self-test. On a BMC with jobs this starts one; it is not waited for.

        Raises BmcRefusedError if the BMC does not take them, BmcBusyError if someone else keeps writing.
        """
        body: Json = {"Attributes": dict(sorted(attributes.items()))}
        if _ON_RESET in state.apply_times:
            body["@Redfish.SettingsApplyTime"] = {
                "@odata.type": "#Settings.v1_1_0.PreferredApplyTime",
                "ApplyTime": _ON_RESET,
            }
        await self._client.patch(state.settings_path, body, "set the pending BIOS attributes", follow=False)

    async def reset_to_defaults(self) -> None:
        """Let the next self-test go back to the defaults.

        Raises BmcRefusedError if the BMC does not offer it.
        """
        operation = "reset the BIOS to its defaults"
        body = (await self._client.get(self.path, operation)).body
        target = text_at(body, "Actions", "#Bios.ResetBios", "target")
        if target is None:
            raise BmcRefusedError(self._client.host, operation, "this BMC offers no Bios.ResetBios")
        await self._client.post(target, {}, operation, follow=False)

    async def waiting_job(self) -> str | None:
        """The job that the next self-test carries out; None if there is none, or the BMC has no jobs."""
        if self._jobs_path is None:
            return None
        operation = "look for a BIOS job"
        try:
            jobs = await members(self._client, self._jobs_path, operation)
        except BmcMissingError:
            return None
        waiting = (path for path, job in jobs if _is_waiting_bios_job(job))
        return next((path.rpartition("/")[2] for path in waiting), None)


async def find_bios(client: RedfishClient, system_path: str, *, with_jobs: bool) -> Bios:
    """The BIOS of a system. `with_jobs`: pending attributes need a job, queued under the system's manager.

    Raises BmcRefusedError if the system shows no BIOS.
    """
    operation = "find the BIOS settings"
    system = (await client.get(system_path, operation)).body
    path = text_at(system, "Bios", "@odata.id")
    if path is None:
        raise BmcRefusedError(client.host, operation, "the system shows no BIOS settings")
    managers = await links(client, system, operation, "Links", "ManagedBy")
    return Bios(client, path, jobs_path=f"{managers[0]}/Jobs" if with_jobs and managers else None)


def _attributes(body: Json) -> dict[str, AttributeValue | None]:
    """Names and values; what no registry has a type for, such as an object, is left out."""
    return {
        clean(name): clean(value, _LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in object_at(body, "Attributes").items()
        if value is None or isinstance(value, (str, bool)) or number_of(value) is not None
    }


def _is_registry(file: Json, registry: str) -> bool:
    names = {text_at(file, "Id"), text_at(file, "Registry")}
    # The BIOS says `Name` or `Name.v1_0_0`, the file `Name` or `Name.1.0`.
    return registry in names or registry.partition(".")[0] in {
        name.partition(".")[0] for name in names if name
    }


def _location(file: Json) -> str | None:
    entries = [as_object(entry) for entry in as_list(file.get("Location"))]
    english = [entry for entry in entries if (text_at(entry, "Language") or "en").startswith("en")]
    uris = (text_at(entry, "Uri") for entry in english or entries)
    return next((path for uri in uris if uri and (path := local_path(uri))), None)


def _is_waiting_bios_job(job: Json) -> bool:
    about = f"{text_at(job, 'JobType') or ''} {text_at(job, 'Name') or ''}"
    return "BIOS" in about.upper() and (text_at(job, "JobState") or "") not in _ENDED

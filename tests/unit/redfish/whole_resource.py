"""A resource that every reader can read, for tests that damage it."""

from __future__ import annotations

from typing import Any, cast

from argosy_metal.redfish.messages import Json

PATH = "/redfish/v1/x"
LINK = {"@odata.id": PATH}
WATTS = {
    "SetPoint": 500,
    "AllowableMin": 1,
    "AllowableMax": 900,
    "DefaultSetPoint": 9,
    "ControlMode": "Automatic",
}
RULE = {
    "AttributeName": "a",
    "Type": "Integer",
    "LowerBound": 0,
    "UpperBound": 9,
    "MinLength": 1,
    "MaxLength": 2,
}
SAID = {"MessageId": "B.1.X", "Message": "x", "MessageArgs": ["x"], "RelatedProperties": ["#/A"]}
WHOLE: Json = {
    **LINK,
    "@odata.type": "#X.X",
    "Id": "x",
    "Name": "x",
    "Status": {"State": "Enabled", "Health": "OK"},
    "Members": [LINK],
    "Members@odata.count": 1,
    "Drives": [LINK],
    "Drives@odata.count": 1,
    **dict.fromkeys(
        [
            "Systems",
            "Chassis",
            "Storage",
            "Volumes",
            "Controllers",
            "EnvironmentMetrics",
            "Power",
            "Processors",
        ],
        LINK,
    ),
    **dict.fromkeys(
        ["SecureBoot", "SecureBootDatabases", "Certificates", "Bios", "Registries", "VirtualMedia"], LINK
    ),
    **dict.fromkeys(["UpdateService", "FirmwareInventory", "Tasks"], LINK),
    "Links": {name: [LINK] for name in ("Chassis", "ManagedBy", "Volumes", "Drives")},
    "StorageControllers": [{"SupportedRAIDTypes": ["RAID1"]}],
    "SupportedRAIDTypes": ["RAID1"],
    "SerialNumber": "S1",
    "CapacityBytes": 1,
    "Operations": [{"AssociatedTask": LINK}],
    "PhysicalLocation": {"PartLocation": {"ServiceLabel": "1"}},
    "Actions": {
        "#Drive.SecureErase": {"target": PATH, "@Redfish.ActionInfo": PATH},
        "#ComputerSystem.Reset": {"target": PATH, "ResetType@Redfish.AllowableValues": ["On"]},
    },
    "Parameters": [{"Name": "SanitizationType", "AllowableValues": ["BlockErase"]}],
    "PowerLimitWatts": WATTS,
    "ProcessorType": "GPU",
    "PowerControl": [{"PowerLimit": {"LimitInWatts": 1}, "PowerCapacityWatts": 1}],
    "PowerRestorePolicy": "AlwaysOn",
    "PowerOnDelaySeconds": 1,
    "SecureBootEnable": True,
    "CertificateString": "x",
    "Fingerprint": "AB",
    "DatabaseId": "db",
    "FingerprintHashAlgorithm": "TPM_ALG_SHA256",
    "Attributes": {"a": 1, "b": "x"},
    "AttributeRegistry": "x",
    "Registry": "x",
    "@Redfish.Settings": {"SettingsObject": LINK, "SupportedApplyTimes": ["OnReset"]},
    "Location": [{"Language": "en", "Uri": PATH}],
    "RegistryEntries": {"Attributes": [RULE]},
    "TaskState": "Exception",
    "TaskStatus": "OK",
    "StartTime": "T",
    "EndTime": "T",
    "PercentComplete": 1,
    "Messages": [SAID],
    "error": {"code": "x", "message": "x", "@Message.ExtendedInfo": [SAID]},
    "Payload": {"JsonBody": "{}", "TargetUri": PATH},
    "Version": "1",
    "Updateable": True,
    "RelatedItem": [LINK],
    "PowerState": "On",
    "LastResetTime": "2026-01-01T00:00:00Z",
    "BootProgress": {"LastState": "OSRunning"},
    "Boot": {"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Once", "HttpBootUri": "x"},
    "Image": "x",
    "Inserted": True,
    "MediaTypes": ["CD", "DVD"],
}
"""A resource that is of every kind at once, and whose links all lead to itself."""


def names_in(value: object) -> set[str]:
    """Names of all properties, at any depth."""
    if isinstance(value, list):
        return {name for one in cast("list[object]", value) for name in names_in(one)}
    inside = cast(Json, value) if isinstance(value, dict) else {}
    return set(inside).union(*map(names_in, inside.values()))


def changed(value: Any, changes: Json) -> Any:
    """The same, with other values for the properties that `changes` names, at any depth."""
    if isinstance(value, list):
        return [changed(one, changes) for one in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {
        name: changes[name] if name in changes else changed(one, changes)
        for name, one in cast(Json, value).items()
    }

"""The event service as Redfish resources, and events as the JSON that a listener gets."""

from __future__ import annotations

from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.event_log import BmcEvent
from argosy_metal.simulator.paths import ROOT
from argosy_metal.simulator.replies import Json, Reply, collection, error
from argosy_metal.simulator.resources_server import moment

SERVICE = f"{ROOT}/EventService"
SUBSCRIPTIONS = f"{SERVICE}/Subscriptions"
STREAM = f"{SERVICE}/SSE"
_REGISTRIES = ["ResourceEvent", "TaskEvent"]
Build = Callable[[], Json]


def event_resources(bmc: Bmc) -> dict[str, Build]:
    """The service, and one destination for each client that listens."""
    ids = tuple(bmc.service.subscriptions)
    found: dict[str, Build] = {
        SERVICE: _service,
        SUBSCRIPTIONS: lambda: collection(
            SUBSCRIPTIONS, "EventDestination", (f"{SUBSCRIPTIONS}/{one}" for one in ids)
        ),
    }
    for one in ids:
        found[f"{SUBSCRIPTIONS}/{one}"] = lambda one=one: _destination(one)
    return found


def end_subscription(bmc: Bmc, path: str) -> Reply:
    """Stop telling a client."""
    if bmc.service.subscriptions.pop(path.removeprefix(f"{SUBSCRIPTIONS}/"), None) is None:
        raise error(404, "ResourceMissingAtURI", path)
    return Reply(204)


def event_body(event: BmcEvent) -> Json:
    """What a listener gets of one event."""
    return {
        "@odata.type": "#Event.v1_10_0.Event",
        "Id": str(event.number),
        "Name": "Event Array",
        "Events": [
            {
                "MemberId": "0",
                "EventId": str(event.number),
                "EventType": "Other",
                "EventTimestamp": moment(event.at),
                "MessageId": event.message_id,
                "Message": event.message,
                "MessageArgs": [event.argument],
                "MessageSeverity": "OK",
                "OriginOfCondition": {"@odata.id": event.origin},
            }
        ],
    }


def _service() -> Json:
    return {
        "@odata.id": SERVICE,
        "@odata.type": "#EventService.v1_10_3.EventService",
        "Id": "EventService",
        "Name": "Event Service",
        "ServiceEnabled": True,
        "Status": {"State": "Enabled", "Health": "OK"},
        "DeliveryRetryAttempts": 0,
        "DeliveryRetryIntervalSeconds": 1,
        "RegistryPrefixes": _REGISTRIES,
        "EventFormatTypes": ["Event"],
        "ServerSentEventUri": STREAM,
        "Subscriptions": {"@odata.id": SUBSCRIPTIONS},
    }


def _destination(one: str) -> Json:
    return {
        "@odata.id": f"{SUBSCRIPTIONS}/{one}",
        "@odata.type": "#EventDestination.v1_14_1.EventDestination",
        "Id": one,
        "Name": "Listener on the event stream",
        "Context": "",
        "Protocol": "Redfish",
        "SubscriptionType": "SSE",
        "EventFormatType": "Event",
        "Status": {"State": "Enabled", "Health": "OK"},
    }

"""Sessions and tasks as Redfish resources."""

from __future__ import annotations

from datetime import UTC, datetime

from argosy_metal.simulator.replies import Json, message
from argosy_metal.simulator.sessions import Session
from argosy_metal.simulator.tasks import Task, Tasks


def session_resource(path: str, session: Session) -> Json:
    """One session, without its token."""
    return {
        "@odata.id": path,
        "@odata.type": "#Session.v1_7_2.Session",
        "Id": session.id,
        "Name": "User Session",
        "UserName": session.username,
        "SessionType": "Redfish",
    }


def task_resource(path: str, tasks: Tasks, task: Task) -> Json:
    """One task, as far as it has come."""
    running = tasks.runs(task)
    return {
        "@odata.id": path,
        "@odata.type": "#Task.v1_7_4.Task",
        "Id": task.id,
        "Name": task.name,
        "TaskState": "Running" if running else "Completed",
        "TaskStatus": "OK",
        "StartTime": _moment(task.started),
        "PercentComplete": tasks.percent(task),
        "TaskMonitor": task_monitor(task),
        "Messages": [] if running else [message("Success")],
        **({} if running else {"EndTime": _moment(task.ends)}),
    }


def task_monitor(task: Task) -> str:
    """Where a client waits for the operation's own answer."""
    return f"/redfish/v1/TaskService/TaskMonitors/{task.id}"


def _moment(simulated: float) -> str:
    # A BMC without a time source counts from 1970; so does this one.
    return datetime.fromtimestamp(simulated, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

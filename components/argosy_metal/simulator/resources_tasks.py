"""Sessions, tasks and Dell's jobs as Redfish resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import ROOT, manager_path
from argosy_metal.simulator.replies import Json, Reply, collection, message
from argosy_metal.simulator.resources_bios import bios_jobs, bios_tasks
from argosy_metal.simulator.resources_server import moment, time_of_day
from argosy_metal.simulator.resources_update import update_tasks
from argosy_metal.simulator.sessions import IDLE_SECONDS, Session
from argosy_metal.simulator.tasks import Payload, Task, Tasks

SESSIONS = f"{ROOT}/SessionService/Sessions"
TASKS = f"{ROOT}/TaskService/Tasks"
TASK_MONITORS = f"{ROOT}/TaskService/TaskMonitors"
Build = Callable[[], Json]
_KEPT_ELSEWHERE: tuple[Callable[[Bmc], Mapping[str, Build]], ...] = (bios_tasks, update_tasks)
"""Tasks that a part of the BMC keeps itself, since they survive what others do not; by id."""


def session_resources(bmc: Bmc) -> dict[str, Build]:
    """The session service, where the BMC has one."""
    if not bmc.profile.has_sessions:
        return {}
    live = bmc.sessions.live()
    found: dict[str, Build] = {
        f"{ROOT}/SessionService": _session_service,
        SESSIONS: lambda: collection(SESSIONS, "Session", (f"{SESSIONS}/{one.id}" for one in live)),
    }
    for one in live:
        found[f"{SESSIONS}/{one.id}"] = lambda one=one: session_resource(f"{SESSIONS}/{one.id}", one)
    return found


def task_resources(bmc: Bmc) -> dict[str, Build]:
    """The task service, and the same work as jobs where the vendor shows it so."""
    tasks = _tasks_of(bmc)
    found: dict[str, Build] = {
        f"{ROOT}/TaskService": lambda: _task_service(bmc),
        TASKS: lambda: collection(TASKS, "Task", (f"{TASKS}/{one}" for one in tasks)),
        **{f"{TASKS}/{one}": build for one, build in tasks.items()},
    }
    if bmc.profile.jobs:
        found |= {job_path(bmc, task): lambda task=task: _job(bmc, task) for task in bmc.tasks.all()}
        jobs = f"{manager_path(bmc)}/Jobs"
        found[jobs] = lambda: collection(
            jobs, "Job", [*(job_path(bmc, task) for task in bmc.tasks.all()), *bios_jobs(bmc)]
        )
    return found


def accepted(bmc: Bmc, name: str) -> Reply:
    """Start an operation and answer 202 with where to look; a job where the vendor has jobs."""
    return accepted_as(bmc, bmc.tasks.start(name))


def accepted_as(bmc: Bmc, task: Task) -> Reply:
    """Answer 202 with where to look at an operation that has been started."""
    if bmc.profile.jobs:
        return Reply(202, headers={"Location": job_path(bmc, task)})
    body = task_resource(f"{TASKS}/{task.id}", bmc.tasks, task)
    return Reply(202, body, {"Location": task_monitor(task), "Retry-After": bmc.tasks.retry_after(task)})


def monitored(bmc: Bmc, task_id: str) -> Reply | None:
    """What the task monitor answers: 202 while the task runs, then the operation's own answer.

    None if there is no such task.
    """
    build = _tasks_of(bmc).get(task_id)
    if build is None:
        return None
    body = build()
    if body["TaskState"] == "Exception":
        return Reply(200, body)
    if body["TaskState"] == "Completed":
        return Reply(204)
    task = bmc.tasks.find(task_id)
    pause = bmc.tasks.retry_after(task) if task else "5"
    return Reply(202, body, {"Location": f"{TASK_MONITORS}/{task_id}", "Retry-After": pause})


def _tasks_of(bmc: Bmc) -> dict[str, Build]:
    found: dict[str, Build] = {
        task.id: lambda task=task: task_resource(f"{TASKS}/{task.id}", bmc.tasks, task)
        for task in bmc.tasks.all()
    }
    for kept in _KEPT_ELSEWHERE:
        found |= kept(bmc)
    return found


def job_path(bmc: Bmc, task: Task) -> str:
    """Where a task is shown as a job."""
    return f"{manager_path(bmc)}/Jobs/JID_{int(task.id):012d}"


def session_resource(path: str, session: Session) -> Json:
    """One session, without its token."""
    return {
        "@odata.id": path,
        "@odata.type": "#Session.v1_7_2.Session",
        "Id": session.id,
        "Name": "User Session",
        "UserName": session.username,
        "Password": None,
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
        "TaskState": "Running" if running else "Exception" if task.failed else "Completed",
        "TaskStatus": "Critical" if task.failed and not running else "OK",
        "StartTime": moment(task.started),
        "PercentComplete": tasks.percent(task),
        "TaskMonitor": task_monitor(task),
        "Messages": [] if running else [message("InternalError" if task.failed else "Success")],
        **({} if running else {"EndTime": moment(task.ends)}),
        **({} if task.payload is None else {"Payload": _payload(task.payload)}),
    }


def task_monitor(task: Task) -> str:
    """Where a client waits for the operation's own answer."""
    return f"{TASK_MONITORS}/{task.id}"


def _payload(payload: Payload) -> Json:
    return {"TargetUri": payload.target, "HttpOperation": "POST", "HttpHeaders": [], "JsonBody": payload.body}


def _job(bmc: Bmc, task: Task) -> Json:
    path, running = job_path(bmc, task), bmc.tasks.runs(task)
    return {
        "@odata.id": path,
        "@odata.type": "#Job.v1_2_4.Job",
        "Id": path.rpartition("/")[2],
        "Name": task.name,
        "JobState": "Running" if running else "Exception" if task.failed else "Completed",
        "JobStatus": "Critical" if task.failed and not running else "OK",
        "StartTime": moment(task.started),
        "PercentComplete": bmc.tasks.percent(task),
        **({} if running else {"EndTime": moment(task.ends)}),
        **({} if task.payload is None else {"Payload": _payload(task.payload)}),
        "Messages": [] if running else [message("InternalError" if task.failed else "Success")],
    }


def _session_service() -> Json:
    return {
        "@odata.id": f"{ROOT}/SessionService",
        "@odata.type": "#SessionService.v1_1_9.SessionService",
        "Id": "SessionService",
        "Name": "Session Service",
        "ServiceEnabled": True,
        "SessionTimeout": IDLE_SECONDS,
        "Status": {"State": "Enabled", "Health": "OK"},
        "Sessions": {"@odata.id": SESSIONS},
    }


def _task_service(bmc: Bmc) -> Json:
    return {
        "@odata.id": f"{ROOT}/TaskService",
        "@odata.type": "#TaskService.v1_2_1.TaskService",
        "Id": "TaskService",
        "Name": "Task Service",
        "ServiceEnabled": True,
        "DateTime": time_of_day(),
        "CompletedTaskOverWritePolicy": "Oldest",
        "LifeCycleEventOnTaskStateChange": True,
        "Status": {"State": "Enabled", "Health": "OK"},
        "Tasks": {"@odata.id": TASKS},
    }

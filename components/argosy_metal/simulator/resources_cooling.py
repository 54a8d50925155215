"""Sensors, cooling and leak detectors as Redfish resources."""

from __future__ import annotations

from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import chassis_path
from argosy_metal.simulator.replies import Json, collection

Build = Callable[[], Json]
_GOOD = {"State": "Enabled", "Health": "OK"}
_INLET_CELSIUS = 24.0


def cooling_resources(bmc: Bmc) -> dict[str, Build]:
    """Sensors, the thermal subsystem, and leak detection where a liquid cools."""
    chassis = chassis_path(bmc)
    sensors, thermal = f"{chassis}/Sensors", f"{chassis}/ThermalSubsystem"
    found: dict[str, Build] = {
        sensors: lambda: collection(
            sensors, "Sensor", [f"{sensors}/TotalPower", f"{sensors}/InletTemperature"]
        ),
        f"{sensors}/TotalPower": lambda: _sensor(
            f"{sensors}/TotalPower", "Power", "W", bmc.draw_watts(), "Chassis"
        ),
        f"{sensors}/InletTemperature": lambda: _sensor(
            f"{sensors}/InletTemperature", "Temperature", "Cel", _INLET_CELSIUS, "Intake"
        ),
        thermal: lambda: _thermal(bmc, thermal),
        f"{thermal}/ThermalMetrics": lambda: _thermal_metrics(f"{thermal}/ThermalMetrics", sensors),
    }
    return found | _leaks(chassis) if bmc.hardware.liquid_cooled else found


def _sensor(path: str, reading_type: str, units: str, reading: float, context: str) -> Json:
    name = path.rpartition("/")[2]
    return {
        "@odata.id": path,
        "@odata.type": "#Sensor.v1_9_1.Sensor",
        "Id": name,
        "Name": name,
        "ReadingType": reading_type,
        "ReadingUnits": units,
        "Reading": reading,
        "PhysicalContext": context,
        "Status": _GOOD,
    }


def _thermal(bmc: Bmc, path: str) -> Json:
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#ThermalSubsystem.v1_3_3.ThermalSubsystem",
        "Id": "ThermalSubsystem",
        "Name": "Thermal Subsystem",
        "ThermalMetrics": {"@odata.id": f"{path}/ThermalMetrics"},
        "Status": _GOOD,
    }
    if bmc.hardware.liquid_cooled:
        body["LeakDetection"] = {"@odata.id": f"{path}/LeakDetection"}
    return body


def _thermal_metrics(path: str, sensors: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#ThermalMetrics.v1_3_2.ThermalMetrics",
        "Id": "ThermalMetrics",
        "Name": "Thermal Metrics",
        "TemperatureSummaryCelsius": {
            "Intake": {"Reading": _INLET_CELSIUS, "DataSourceUri": f"{sensors}/InletTemperature"}
        },
    }


def _leaks(chassis: str) -> dict[str, Build]:
    top = f"{chassis}/ThermalSubsystem/LeakDetection"
    units, one = f"{chassis}/LeakDetectors", f"{chassis}/LeakDetectors/Tray"
    return {
        top: lambda: {
            "@odata.id": top,
            "@odata.type": "#LeakDetection.v1_1_0.LeakDetection",
            "Id": "LeakDetection",
            "Name": "Leak Detection",
            "Status": _GOOD,
        },
        units: lambda: collection(units, "LeakDetector", [one]),
        one: lambda: {
            "@odata.id": one,
            "@odata.type": "#LeakDetector.v1_4_0.LeakDetector",
            "Id": "Tray",
            "Name": "Leak Detector",
            "LeakDetectorType": "Moisture",
            "DetectorState": "OK",
            "Status": _GOOD,
        },
    }

"""Bare metal that no cloud runs: the `baremetal` Pulumi provider, its components, and `argosy metal`.

| room | what it is for |
|---|---|
| `acceptance/` | what a machine must show before it is used |
| `claims/` | who owns which server, and how far its installation has come; decided by compare-and-swap |
| `netbox/` | an inventory as NetBox has it, read and never written |
| `lifecycle/` | from a claimed server to a running machine: observe, skip if done, act, confirm |
| `provider/` | the Pulumi plugin, one module per kind of resource |
| `redfish/` | the client that speaks to BMCs |
| `simulator/` | BMCs and a provisioning service on this computer |
| `settings/`, `refusals*.py` | what the fleet file may say of halls, and what of it could not work |
| `resources/` | the plugin's resources as a Python program declares them |
| `hall_plan.py` | what a hall's plan and settings come to |
| `site.py`, `pool.py`, `control_plane.py`, `server_parts.py`, `machines.py` | what a stack declares |
| `commands/` | `argosy metal simulate`, `status`, `recover`, `import-inventory` and others |
"""

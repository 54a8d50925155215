"""Bare metal that no cloud runs: the `baremetal` Pulumi provider, its components, and `argosy metal`.

| room | what it is for |
|---|---|
| `claims/` | who owns which server, and how far its installation has come; decided by compare-and-swap |
| `netbox/` | an inventory as NetBox has it, read and never written |
| `lifecycle/` | from a claimed server to a running machine: observe, skip if done, act, confirm |
| `provider/` | the Pulumi plugin: `ServerClaim` and `Machine` |
| `redfish/` | the client that speaks to BMCs |
| `simulator/` | BMCs and a provisioning service on this computer |
| `site.py`, `pool.py`, `descriptor.py` | what a stack declares |
| `commands/` | `argosy metal simulate`, `status`, `recover`, `import-inventory` and others |
"""

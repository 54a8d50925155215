"""Ironic as a hall's engine: the same machines, through Ironic's API instead of Redfish.

Ironic reaches the BMCs; we reach Ironic. A server's node is found, or enrolled, by the server's id; whose it
is stands on the node itself (`owner`, `instance_uuid`, our mark in `extra`), and what is not ours is never
touched. Nodes are never deleted.
"""

from argosy_metal.ironic.client import IronicAccess, IronicClient
from argosy_metal.ironic.fields import BmcAccess
from argosy_metal.ironic.machine import IronicMachine
from argosy_metal.ironic.server import IronicServer
from argosy_metal.ironic.wiper import AgentWiper

__all__ = ["AgentWiper", "BmcAccess", "IronicAccess", "IronicClient", "IronicMachine", "IronicServer"]

"""What the engine starts for `--policy-pack policies`: serves the pack until the engine ends it."""

from pulumi_policy import PolicyPack

from argosy_policies.pack import PACK_NAME, policies

PolicyPack(PACK_NAME, policies())

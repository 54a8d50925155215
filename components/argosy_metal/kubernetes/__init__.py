"""A machine as a Node of its hall's Kubernetes cluster: found, marked, drained, deleted."""

"""Facts that questions about a plan rest on: readiness terms, each with its source."""

"""Facts that hold where a fleet file says nothing."""

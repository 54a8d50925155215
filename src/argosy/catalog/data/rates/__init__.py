"""Published serving rates, and what sizing takes for values that a fleet file leaves out."""

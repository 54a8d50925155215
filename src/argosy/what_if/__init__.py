"""Questions about a plan: why it is so, what it survives, and what each notch of survival costs."""

HOURS_PER_MONTH = 730
"""What clouds bill as a month."""

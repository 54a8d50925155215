"""Questions about a plan: why it is so, what it survives, and what each notch of survival costs."""

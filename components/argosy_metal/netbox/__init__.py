"""NetBox as the source of an inventory: read once, by a person's command; nothing is ever written to it."""

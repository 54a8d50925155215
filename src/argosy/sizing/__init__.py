"""How many accelerators a service needs, from its requests: the arithmetic, and the rates it rests on."""

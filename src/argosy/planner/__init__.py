"""Who gets what: the lock, the contingencies it must survive, its witnesses, and the verifier."""

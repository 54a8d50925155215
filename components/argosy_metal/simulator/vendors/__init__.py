"""One YAML file per vendor: how its BMCs are shaped, and where they leave the standard."""

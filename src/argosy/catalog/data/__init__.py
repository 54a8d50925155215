"""The catalogue's YAML files. A package, because the wheel only takes files that lie in packages."""

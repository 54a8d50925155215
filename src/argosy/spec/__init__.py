"""The fleet file: types (`models`, `inventory`) and the loader that reports every fault with its place."""

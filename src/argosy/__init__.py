"""Argosy: declare an AI lab's whole compute in one file and prove that it survives the loss of any part."""

__version__ = "0.1.0"

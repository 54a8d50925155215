"""Buying capacity: the one part of Argosy that spends money by itself, in a Pulumi project of its own.

Nothing that declares a fleet imports this; `tests/unit/test_aws_purchases.py` holds it to that.
"""

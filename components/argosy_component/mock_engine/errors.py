"""What can go wrong in a declared program that the SDK's own mocks would let pass."""


class MockEngineError(Exception):
    """A fault the real engine would report, or one that would make a test pass without checking."""


class DuplicateUrnError(MockEngineError):
    """Two resources have one URN. Give one another name, or another parent of another type."""


class UnansweredCallError(MockEngineError):
    """The program asks a provider or another stack something no answer was given for."""


class LeftoverTaskError(MockEngineError):
    """A task was still running when the program ended. Await it, or hand it to Pulumi as an Output."""

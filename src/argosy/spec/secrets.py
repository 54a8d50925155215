"""Tells values that look like secrets from values that do not, so that none is kept in a file or shown.

Heuristics: a known vendor's format, a password inside a URL, or a long text of random characters. They find
what people paste by mistake; they prove nothing about what they do not find.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

REFERENCE_PATTERN = r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s]+"
"""Regular expression of a reference to a secret as a whole, as Python, pydantic and JSON Schema read it."""
REFERENCE = re.compile(REFERENCE_PATTERN)
"""A reference to a secret, which may stand anywhere."""
REFERENCE_FORMS = "`env:NAME` or `file:PATH`"
"""The two forms of a reference in words."""
REFERENCE_WORDS = f"a reference to a secret ({REFERENCE_FORMS})"
"""What a fault about a secret expects."""
KEEP_OUT = "keep it in the environment or in a file, and change it if it was ever committed or shared"
"""What a fault about a secret asks for."""

# Repetitions that something must follow are bounded: else a text of 1 MB that nearly fits takes hours.
_KNOWN = (
    ("a private key in PEM form", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an AWS access key id", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Google API key", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a Google OAuth token", re.compile(r"\bya29\.[A-Za-z0-9_-]{20,}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a Pulumi access token", re.compile(r"\bpul-[0-9a-f]{40}\b")),
    ("an API key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,500}\.[A-Za-z0-9_-]{8,}\.")),
    (
        "a URL with a password in it",
        re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s/@:]*:[^\s/@]+@", re.IGNORECASE),
    ),
    (
        "a URL that carries its own access",
        re.compile(r"[?&](?:X-Amz-Signature|X-Goog-Signature|sig|signature|token|access_token|password)=[^&\s]+",
                   re.IGNORECASE),
    ),
)  # fmt: skip
_ANY_KNOWN = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern in _KNOWN), re.IGNORECASE)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_WORD = re.compile(r"[a-z]{8}|[A-Z]{8}")
_SHORTEST_PASSWORD = 12
_LEAST_BITS_PER_CHARACTER = 4.0
_SECRET_WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credential", "credentials"}
)
_SECRET_PAIRS = frozenset(
    {"api_key", "private_key", "access_key", "ssh_key", "signing_key", "encryption_key"}
)


def looks_secret(text: str) -> str | None:
    """What kind of secret `text` looks like, e.g. `an AWS access key id`; None when it looks harmless."""
    if REFERENCE.fullmatch(text):
        return None
    return holds_known_secret(text) or ("a password or key" if _is_random(text) else None)


def holds_known_secret(text: str) -> str | None:
    """What kind of secret, of a format that some vendor uses, stands anywhere in `text`."""
    if not _ANY_KNOWN.search(text):
        return None
    return next((kind for kind, pattern in _KNOWN if pattern.search(text)), None)


def names_secret(key: str) -> bool:
    """Whether a key of this name is where people put a secret: `bmc_password`, `api-key`, `token`."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", key).lower().replace("-", "_").split("_")
    pairs = {f"{first}_{second}" for first, second in itertools.pairwise(words)}
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_PAIRS.isdisjoint(pairs)


def hides(key: str) -> bool:
    """Whether a key is better not shown: it looks like a secret, or like a password of mixed characters.

    Stricter than `looks_secret`, since no key of a fleet file mixes capitals, small letters and digits.
    """
    mixed = all(any(test(char) for char in key) for test in (str.islower, str.isupper, str.isdigit))
    return looks_secret(key) is not None or (mixed and len(key) >= _SHORTEST_PASSWORD)


def hides_inside(key: str) -> bool:
    """Whether keys below a key of this name may be secrets themselves: `password: {hunter2: …}`."""
    return names_secret(key) and not key.lower().startswith("credential")


def _is_random(text: str) -> bool:
    if not _RANDOM.fullmatch(text) or _WORD.search(text):
        return False
    # Hashes in hexadecimal and names in lower case have fewer kinds of characters.
    if not all(any(test(char) for char in text) for test in (str.islower, str.isupper, str.isdigit)):
        return False
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares) >= _LEAST_BITS_PER_CHARACTER

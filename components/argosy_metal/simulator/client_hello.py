"""The host name in the first message of a TLS connection (RFC 8446 4.1.2, RFC 6066 3). Pure."""

from __future__ import annotations

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_RECORD_HEADER, _MESSAGE_HEADER, _VERSION_AND_RANDOM = 5, 4, 34


class NotYetError(Exception):
    """The message has not come to its end."""


def host_named_in(data: bytes) -> str:
    """The host name of a ClientHello that begins the data; empty if there is none, or it is no TLS.

    Raises NotYetError while the message is incomplete.
    """
    if data[:1] not in (b"", bytes([_HANDSHAKE])):
        return ""
    if len(data) < _RECORD_HEADER + _MESSAGE_HEADER:
        raise NotYetError
    if data[_RECORD_HEADER] != _CLIENT_HELLO:
        return ""
    end = _RECORD_HEADER + int.from_bytes(data[3:5])
    if len(data) < end:
        raise NotYetError
    try:
        return _server_name(memoryview(data)[_RECORD_HEADER + _MESSAGE_HEADER : end])
    except (IndexError, UnicodeDecodeError):
        return ""


def _server_name(hello: memoryview) -> str:
    at = _VERSION_AND_RANDOM
    at += 1 + hello[at]  # The session's id.
    at += 2 + _number(hello, at)  # Cipher suites.
    at += 1 + hello[at]  # Compression methods.
    at += 2  # Length of all extensions.
    while at + 4 <= len(hello):
        kind, length = _number(hello, at), _number(hello, at + 2)
        at += 4
        # Length of the list, kind of name, length of the name.
        if kind == _SERVER_NAME and hello[at + 2] == _HOST_NAME:
            size = _number(hello, at + 3)
            return bytes(hello[at + 5 : at + 5 + size]).decode("ascii").lower()
        at += length
    return ""


def _number(data: memoryview, at: int) -> int:
    return data[at] << 8 | data[at + 1]

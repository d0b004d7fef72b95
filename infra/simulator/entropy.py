"""Repeatable chance: everything random in the simulator comes from a seed and a name, never from the order of calls."""

import hashlib
import random
import uuid


def generator(*parts: object) -> random.Random:
    """Return a random generator that depends on ``parts`` alone, so that the same seed replays the same world."""
    return random.Random(number(*parts))


def number(*parts: object) -> int:
    """Return a 64-bit number that depends on ``parts`` alone."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on ``parts`` alone."""
    return number(*parts) / 2**64


def identifier(*parts: object) -> str:
    """Return a UUID (version 4 in form) that depends on ``parts`` alone."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def letters(length: int, *parts: object) -> str:
    """Return ``length`` capital letters and digits that depend on ``parts`` alone."""
    value = int.from_bytes(hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=32).digest())
    found = []
    for _ in range(length):
        value, index = divmod(value, len(_ALPHABET))
        found.append(_ALPHABET[index])
    return "".join(found)

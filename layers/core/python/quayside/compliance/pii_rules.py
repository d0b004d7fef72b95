"""The daily manifest of destroyed data keys: how it is written, and how anybody finds out whether it was changed. Pure.

A manifest is one statement, what it speaks of and a signature. The statement lists the SHA-256 of every entry in order
and that of the statement before, and it alone is signed. So whoever changes, removes, adds or moves an entry leaves a
statement that still says what was there, and whoever changes the statement leaves a signature that does not fit. A
manifest that was taken away as a whole is missed by the one after it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal, NamedTuple

FIRST_PREVIOUS = "0" * 64
"""What the first statement holds in place of the digest of the one before."""
KIND = "personal_data.manifest"
ENTRIES_AT_MOST = 1000
"""So many entries go into one part; a day of more has several."""

Digest = Callable[[Mapping[str, object]], str]
"""The SHA-256 of a document's canonical text (``storage.proofs.digest``)."""
Verify = Callable[[Mapping[str, object], bytes], bool]
"""Whether a signature is the proof key's over exactly this document."""

Fault = Literal["unreadable", "statement", "edited", "missing", "added", "moved", "gap"]


class DestroyedKey(NamedTuple):
    """One data key that was destroyed: no copy of it exists, so nothing under it can be read again.

    Attributes:
        tenant_id: whose data it was.
        expires_on: the day (UTC) as which began the life of everything under it ended.
        destroyed_at: when the key was seen to be gone (ISO 8601).
        records: how many orders' data lay under it.
        key_digest: SHA-256 of the key as KMS had wrapped it; empty when it was gone before, as after an erasure.
    """

    tenant_id: str
    expires_on: str
    destroyed_at: str
    records: int
    key_digest: str

    def entry(self) -> dict[str, object]:
        """Return the entry of a manifest."""
        return self._asdict()


class Manifest(NamedTuple):
    """A statement and what it speaks of; ``signature`` is base 64 of DER."""

    statement: Mapping[str, object]
    entries: Sequence[Mapping[str, object]]
    signature: str = ""


class Finding(NamedTuple):
    """What is wrong with a manifest, in words that name the place exactly."""

    fault: Fault
    words: str


def statements_of(day: date, keys: Iterable[DestroyedKey], previous: str, digest: Digest) -> list[Manifest]:
    """Return the manifest of a day, still to be signed: one part, or several when it is large.

    Args:
        day: on which the keys were destroyed (UTC).
        keys: those that were destroyed.
        previous: the digest of the statement before the first.
        digest: how a document is hashed.
    """
    entries = [key.entry() for key in sorted(keys, key=lambda key: (key.tenant_id, key.expires_on, key.destroyed_at))]
    pieces = [entries[at : at + ENTRIES_AT_MOST] for at in range(0, len(entries), ENTRIES_AT_MOST)] or [[]]
    made: list[Manifest] = []
    for number, piece in enumerate(pieces, 1):
        statement: dict[str, object] = {
            "kind": KIND,
            "day": day.isoformat(),
            "part": number,
            "parts": len(pieces),
            "keys": len(piece),
            "records": sum(int(str(entry["records"])) for entry in piece),
            "entries": [digest(entry) for entry in piece],
            "previous": previous,
        }
        made.append(Manifest(statement, piece))
        previous = digest(statement)
    return made


def check(manifest: Manifest, signature: bytes, digest: Digest, verify: Verify) -> list[Finding]:
    """Return everything that is wrong with one manifest, nothing when it is what was signed.

    When the statement itself is not the signed one, nothing it says counts, so the entries are not looked at.
    """
    statement = manifest.statement
    listed = statement.get("entries")
    if not verify(statement, signature) or statement.get("kind") != KIND or not isinstance(listed, list):
        named = str(statement.get("day", "?"))[:10]
        words = (
            f"The statement of {named} is not what was signed: it or the signature was changed, or the key is another."
        )
        return [Finding("statement", words)]
    return _compare([str(each) for each in listed], manifest.entries, digest)


def _compare(listed: list[str], entries: Sequence[Mapping[str, object]], digest: Digest) -> list[Finding]:
    found = [_digest_or_none(entry, digest) for entry in entries]
    moved = set(listed) & set(found)
    problems: list[Finding] = []
    for how, start, end, at, until in SequenceMatcher(None, listed, found, autojunk=False).get_opcodes():
        if how == "equal":
            continue
        signed = [place for place in range(start, end) if listed[place] not in moved]
        present = [place for place in range(at, until) if found[place] not in moved]
        problems += [
            Finding("moved", f"Entry {place + 1} ({_named(entries[place])}) was signed in another place.")
            for place in range(at, until)
            if found[place] in moved
        ]
        both = min(len(signed), len(present))
        problems += [
            Finding("edited", f"Entry {place + 1} ({_named(entries[place])}) is not the one that was signed there.")
            for place in present[:both]
        ]
        problems += [
            Finding("missing", f"Entry {place + 1} of those that were signed is missing.") for place in signed[both:]
        ]
        problems += [
            Finding("added", f"Entry {place + 1} ({_named(entries[place])}) was not among those that were signed.")
            for place in present[both:]
        ]
    return problems


def _digest_or_none(entry: Mapping[str, object], digest: Digest) -> str | None:
    try:
        return digest(entry)
    except ValueError:
        return None


def _named(entry: Mapping[str, object]) -> str:
    return f"tenant {str(entry.get('tenant_id', '?'))[:26]}, expires {str(entry.get('expires_on', '?'))[:10]}"


def check_sequence(statements: Iterable[Mapping[str, object]], digest: Digest) -> list[Finding]:
    """Return where manifests are missing between the first and the last of those given; each is checked by itself."""
    ordered = sorted(statements, key=_place)
    problems: list[Finding] = []
    for before, after in pairwise(ordered):
        if after.get("previous") == digest(before):
            continue
        first, second = _place(before), _place(after)
        day = date.fromisoformat(first[0])
        if first == second:
            words = f"There are two manifests of {first[0]}, part {first[1]}."
        elif date.fromisoformat(second[0]) - day > timedelta(days=1):
            words = f"Between the manifests of {first[0]} and {second[0]} some are missing."
        else:
            words = (
                f"The manifest of {second[0]}, part {second[1]}, does not follow that of {first[0]}, part {first[1]}."
            )
        problems.append(Finding("gap", words))
    return problems


def _place(statement: Mapping[str, object]) -> tuple[str, int]:
    return str(statement["day"]), int(str(statement["part"]))

"""A manifest says exactly what was done to it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from quayside.compliance import pii_rules
from quayside.compliance.pii_rules import FIRST_PREVIOUS, DestroyedKey, Manifest
from quayside.storage.proofs import canonical, digest

DAY = date(2026, 12, 21)
KEYS = [
    DestroyedKey(f"tenant-{number}", "2026-12-21", "2026-12-21T00:20:00Z", number, f"{number:064d}")
    for number in range(1, 6)
]


def sign(statement: Mapping[str, object]) -> bytes:
    return b"signed:" + canonical(statement)


def verify(document: Mapping[str, object], signature: bytes) -> bool:
    return signature == sign(document)


def made(keys: list[DestroyedKey] = KEYS, day: date = DAY, previous: str = FIRST_PREVIOUS) -> Manifest:
    (manifest,) = pii_rules.statements_of(day, keys, previous, digest)
    return manifest


def faults(manifest: Manifest, signature: bytes | None = None) -> list[tuple[str, str]]:
    signature = sign(made().statement) if signature is None else signature
    return [(each.fault, each.words) for each in pii_rules.check(manifest, signature, digest, verify)]


def test_what_was_signed_has_no_finding() -> None:
    assert faults(made()) == []
    assert made().statement["keys"] == 5
    assert made().statement["records"] == 15
    assert faults(made([]), sign(made([]).statement)) == []


def test_entries_are_in_one_order_whoever_lists_them() -> None:
    assert made(list(reversed(KEYS))) == made()


def _edit(entries: list[dict[str, Any]]) -> None:
    entries[2]["records"] = 0


def _fraction(entries: list[dict[str, Any]]) -> None:
    entries[2]["records"] = 0.5


def _remove(entries: list[dict[str, Any]]) -> None:
    del entries[2]


def _add(entries: list[dict[str, Any]]) -> None:
    entries.insert(3, {**entries[0], "tenant_id": "nobody"})


def _truncate(entries: list[dict[str, Any]]) -> None:
    del entries[3:]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_edit, [("edited", "Entry 3 (tenant tenant-3, expires 2026-12-21)")]),
        (_fraction, [("edited", "Entry 3 (tenant tenant-3, expires 2026-12-21)")]),
        (_remove, [("missing", "Entry 3 of those that were signed")]),
        (_add, [("added", "Entry 4 (tenant nobody")]),
        (_truncate, [("missing", "Entry 4"), ("missing", "Entry 5")]),
    ],
)
def test_a_changed_entry_is_named(
    change: Callable[[list[dict[str, Any]]], None], expected: list[tuple[str, str]]
) -> None:
    entries = [dict(entry) for entry in made().entries]
    change(entries)

    found = faults(Manifest(made().statement, entries))
    assert [fault for fault, _ in found] == [fault for fault, _ in expected]
    for (_, words), (_, begins) in zip(found, expected, strict=True):
        assert words.startswith(begins)


def test_entries_that_changed_places_are_named() -> None:
    entries = list(made().entries)
    entries[0], entries[4] = entries[4], entries[0]

    found = faults(Manifest(made().statement, entries))
    assert found
    assert {fault for fault, _ in found} == {"moved"}


@pytest.mark.parametrize("change", [{"records": 1}, {"entries": []}, {"day": "2026-12-22"}, {"previous": "0"}])
def test_a_changed_statement_is_named(change: dict[str, object]) -> None:
    ((fault, words),) = faults(Manifest({**made().statement, **change}, made().entries))
    assert fault == "statement"
    assert words.startswith("The statement of 2026-12-2")


def test_a_foreign_signature_and_another_kind_of_document_are_named() -> None:
    assert [fault for fault, _ in faults(made(), b"x")] == ["statement"]
    receipt = {**made().statement, "kind": "receipt"}
    assert [fault for fault, _ in faults(Manifest(receipt, made().entries), sign(receipt))] == ["statement"]


def test_a_missing_day_is_named_and_so_is_a_second_manifest_of_a_day() -> None:
    statements: list[Mapping[str, object]] = []
    for day in range(20, 24):
        previous = digest(statements[-1]) if statements else FIRST_PREVIOUS
        statements.append(made(day=date(2026, 12, day), previous=previous).statement)
    other = made([], day=date(2026, 12, 21), previous=digest(statements[0])).statement

    assert pii_rules.check_sequence(reversed(statements), digest) == []
    ((fault, words),) = pii_rules.check_sequence([statements[0], *statements[2:]], digest)
    assert (fault, words) == ("gap", "Between the manifests of 2026-12-20 and 2026-12-22 some are missing.")
    assert [each.words for each in pii_rules.check_sequence([*statements[:2], other], digest)] == [
        "There are two manifests of 2026-12-21, part 1."
    ]
    assert [each.words for each in pii_rules.check_sequence([other, statements[2]], digest)] == [
        "The manifest of 2026-12-22, part 1, does not follow that of 2026-12-21, part 1."
    ]


def test_a_large_day_has_parts_that_follow_each_other() -> None:
    many = [DestroyedKey(f"tenant-{number:05d}", "2026-12-21", "", 1, "") for number in range(2001)]

    parts = pii_rules.statements_of(DAY, many, FIRST_PREVIOUS, digest)
    assert [(part.statement["part"], part.statement["parts"], len(part.entries)) for part in parts] == [
        (1, 3, 1000), (2, 3, 1000), (3, 3, 1),
    ]  # fmt: skip
    assert pii_rules.check_sequence([part.statement for part in parts], digest) == []
    # As DynamoDB holds it, an item has 400 KB at most.
    assert max(len(canonical({"statement": part.statement, "entries": part.entries})) for part in parts) < 250_000

"""Whatever is done to a chain is found, and the entry is named."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.clock import epoch_seconds, parse_instant
from quayside.storage.audit_chain import AuditEvent, Head, Sealed, hash_of, seal
from quayside.storage.audit_verification import MOST_PROBLEMS, Anchor, Row, Verified, verify

AT = parse_instant("2026-11-21T10:11:12Z")
CHAIN = "application"


def expires_at(at: datetime) -> int:
    return epoch_seconds(at + timedelta(days=560))


def row(sealed: Sealed, place: int | None = None) -> Row:
    number = sealed.entry.sequence if place is None else place
    ends = expires_at(parse_instant(sealed.entry.at))
    return Row(number, f"ENTRY#{number:012d}", sealed.text, sealed.hash, ends)


def sealed_chain(count: int) -> list[Sealed]:
    made: list[Sealed] = []
    head: Head | None = None
    for number in range(count):
        event = AuditEvent("member.renamed", f"m-{number}", "member/m", details={"count": str(number)})
        made.append(seal(event, CHAIN, head, AT + timedelta(seconds=number), f"id-{number}"))
        head = made[-1].head
    return made


SEALED = sealed_chain(10)
ROWS = [row(each) for each in SEALED]
END = Anchor(9, SEALED[9].hash)


def look(rows: list[Row], *anchors: Anchor, may_begin_at: int = 0) -> Verified:
    return verify(CHAIN, rows, expires_at=expires_at, anchors=anchors, may_begin_at=may_begin_at)


def named(found: Verified) -> list[tuple[str, int]]:
    return [(each.fault, each.sequence) for each in found.problems]


def resealed(number: int) -> Row:
    """Return entry ``number`` written anew with its hash made good: what somebody who knows the format would do."""
    other = SEALED[number].entry
    event = AuditEvent("member.renamed", "somebody-else", other.subject)
    return row(seal(event, CHAIN, SEALED[number - 1].head if number else None, AT, "other"))


def test_a_chain_that_nobody_touched_is_intact() -> None:
    found = look(ROWS, END)
    assert (found.intact, found.entries, found.first, found.head) == (True, 10, 0, SEALED[9].head)
    assert look([]).head is None


TAMPERINGS: dict[str, tuple[Callable[[list[Row]], list[Row]], list[tuple[str, int]]]] = {
    "edit of a text": (
        lambda rows: [*rows[:4], rows[4]._replace(text=rows[4].text.replace("m-4", "m-5")), *rows[5:]],
        [("edited", 4)],
    ),
    "edit of a text beyond reading": (
        lambda rows: [*rows[:4], rows[4]._replace(text="{}", hash=hash_of("{}")), *rows[5:]],
        [("edited", 4)],
    ),
    "edit of a hash": (lambda rows: [*rows[:4], rows[4]._replace(hash="0" * 64), *rows[5:]], [("edited", 4)]),
    "an earlier end": (lambda rows: [*rows[:4], rows[4]._replace(expires_at=1), *rows[5:]], [("edited", 4)]),
    "an entry written anew": (lambda rows: [*rows[:4], resealed(4), *rows[5:]], [("replaced", 4)]),
    "deletion": (lambda rows: [*rows[:4], *rows[5:]], [("missing", 4)]),
    "deletion of several": (lambda rows: [*rows[:4], *rows[7:]], [("missing", 4)]),
    "deletion of the first": (lambda rows: rows[1:], [("missing", 0)]),
    "a row between two": (
        lambda rows: [*rows[:5], rows[4]._replace(place=None, key="X"), *rows[5:]],
        [("inserted", 5)],
    ),
    "an entry behind the checkpoint that does not follow it": (
        lambda rows: [*rows, row(seal(AuditEvent("a.b", "m", "m/m"), CHAIN, Head(9, "f" * 64, ""), AT, "x"))],
        [("inserted", 10)],
    ),
    "swap": (
        lambda rows: [
            *rows[:3],
            rows[6]._replace(place=3, key=rows[3].key),
            *rows[4:6],
            rows[3]._replace(place=6, key=rows[6].key),
            *rows[7:],
        ],
        [("moved", 3), ("moved", 6)],
    ),
    "an entry of another chain": (
        lambda rows: [*rows[:4], row(seal(AuditEvent("a.b", "m", "m/m"), "x", SEALED[3].head, AT, "x")), *rows[5:]],
        [("moved", 4)],
    ),
    "truncation": (lambda rows: rows[:7], [("truncated", 7)]),
    "truncation to nothing": (lambda _rows: [], [("truncated", 0)]),
    "the last entry written anew": (lambda rows: [*rows[:9], resealed(9)], [("rewritten", 9)]),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_tampering_is_found_and_the_entry_is_named(tampering: str) -> None:
    change, expected = TAMPERINGS[tampering]
    found = look(change(list(ROWS)), END)
    assert named(found) == expected
    assert all(str(each.sequence) in each.words or each.fault == "inserted" for each in found.problems)


def test_a_chain_that_was_written_anew_from_the_middle_is_found_by_its_checkpoint() -> None:
    anew = list(SEALED[:4])
    for number in range(4, 10):
        anew.append(seal(AuditEvent("a.b", "m", "m/m"), CHAIN, anew[-1].head, AT, str(number)))
    rows = [row(each) for each in anew]
    assert look(rows).intact
    assert named(look(rows, END)) == [("rewritten", 9)]


def test_a_beginning_may_be_missing_only_as_far_as_it_expired() -> None:
    assert look(ROWS[4:], END, may_begin_at=4).intact
    assert named(look(ROWS[5:], END, may_begin_at=4)) == [("missing", 0)]


def test_a_part_is_held_against_the_entry_it_begins_with() -> None:
    anchor = Anchor(4, SEALED[4].hash)
    assert look(ROWS[4:], anchor, may_begin_at=4).intact
    assert named(look(ROWS[4:], Anchor(4, "0" * 64), may_begin_at=4)) == [("rewritten", 4)]
    assert look(ROWS[4:], Anchor(2, "0" * 64), may_begin_at=4).intact
    assert named(look([], anchor, may_begin_at=4)) == [("truncated", 4)]


def test_the_number_of_problems_that_are_named_is_bounded() -> None:
    rows = [Row(None, f"X{number}", "", "", 0) for number in range(MOST_PROBLEMS + 5)]
    found = look(rows)
    assert (len(found.problems), found.more_problems) == (MOST_PROBLEMS, 5)


@given(st.integers(0, 9), st.sampled_from(["text", "hash", "expires_at", "place"]), st.data())
def test_no_single_change_goes_unseen(number: int, part: str, data: st.DataObject) -> None:
    rows = list(ROWS)
    if part == "text":
        at = data.draw(st.integers(0, len(rows[number].text) - 1))
        letter = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
        changed = rows[number].text[:at] + letter + rows[number].text[at + 1 :]
        rows[number] = rows[number]._replace(text=changed)
    elif part == "hash":
        rows[number] = rows[number]._replace(hash=data.draw(st.text("0123456789abcdef", min_size=64, max_size=64)))
    elif part == "expires_at":
        rows[number] = rows[number]._replace(expires_at=data.draw(st.integers(0, 2**33)))
    else:
        del rows[number]
    assert look(rows, END).intact == (rows == ROWS)

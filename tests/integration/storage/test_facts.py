"""Facts in the store: newest wins in any order, what has not changed costs no write, and none outlives its time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.kernel.clock import epoch_seconds
from quayside.kernel.cursors import decode_cursor, encode_cursor
from quayside.kernel.errors import InvalidInput
from quayside.kernel.tenancy import NoTenantInScope, current_tenant, tenant_scope
from quayside.storage import keys
from quayside.storage.facts import (
    RENEW_AFTER,
    Fact,
    FactItem,
    OneSourceItem,
    Shelf,
    Tally,
    browse,
    monthly,
    said,
    stored,
    upsert,
)
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, writes
from tests.support.fresh import emptied


class Thing(FactItem):
    """The state of something, told by two sources."""

    KIND: ClassVar[str] = "thing"

    report = UnicodeAttribute(null=True)
    report_version = NumberAttribute(null=True)
    event = UnicodeAttribute(null=True)
    event_version = NumberAttribute(null=True)


class Happened(OneSourceItem):
    """Something that happened once."""

    KIND: ClassVar[str] = "happened"
    RENEWED: ClassVar[bool] = False


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared))
    with tenant_scope(made.seller.tenant_id):
        yield made


def key(name: str, shelf: str = "1") -> Key:
    return Key(f"T#{current_tenant()}#THINGS#{shelf}", f"THING#{keys.encode(name)}")


def put(on: Bench, *facts: Fact, register: str = "report") -> Tally:
    return upsert(Thing, facts, received_at=on.now, source="test", register=register)


def told(name: str = "a", register: str = "report") -> str | None:
    found = stored(Thing, [key(name)])
    words = said(found[key(name)], register) if found else None
    return words.text if words else None


def test_the_newest_wins_and_an_older_or_repeated_fact_is_no_error(on: Bench) -> None:
    assert put(on, Fact(key("a"), 2, "second")) == Tally(1, 0)
    assert put(on, Fact(key("a"), 1, "first")) == Tally(0, 1)
    assert put(on, Fact(key("a"), 2, "second")) == Tally(0, 1)
    assert told() == "second"
    assert put(on, Fact(key("a"), 3, "third")) == Tally(1, 0)
    assert told() == "third"


def test_an_older_fact_costs_no_write(on: Bench) -> None:
    put(on, Fact(key("a"), 2, "second"))
    with on.calls() as made:
        put(on, Fact(key("a"), 1, "first"))
    assert writes(made) == 0


def test_of_two_workers_that_read_before_either_wrote_the_newer_one_wins(on: Bench) -> None:
    put(on, Fact(key("a"), 2, "second"))
    late = upsert(Thing, [Fact(key("a"), 1, "first")], received_at=on.now, source="test", register="report", known={})
    assert late == Tally(0, 1)
    assert told() == "second"


def test_a_correction_of_the_same_version_replaces_what_was_read_wrong(on: Bench) -> None:
    put(on, Fact(key("a"), 2, "wrong"))
    assert put(on, Fact(key("a"), 2, "right")) == Tally(1, 0)
    assert told() == "right"


def test_of_several_facts_about_one_item_the_newest_is_written_once(on: Bench) -> None:
    with on.calls() as made:
        assert put(on, Fact(key("a"), 2, "b"), Fact(key("a"), 3, "c"), Fact(key("a"), 1, "a")) == Tally(1, 2)
    assert writes(made) == 1
    assert told() == "c"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(6)), st.integers(0, 3))
def test_any_order_and_any_repetition_ends_the_same(on: Bench, order: list[int], repeated: int) -> None:
    Thing.remove(key("a"))
    spoken = [(version, ("report", "event")[version % 2]) for version in (*order, *order[:repeated])]
    for version, register in spoken:
        put(on, Fact(key("a"), version, f"{register} {version}"), register=register)
    assert (told(register="report"), told(register="event")) == ("report 4", "event 5")


def test_sources_never_wipe_each_other(on: Bench) -> None:
    put(on, Fact(key("a"), 9, "reported"))
    put(on, Fact(key("a"), 1, "notified"), register="event")
    assert (told(register="report"), told(register="event")) == ("reported", "notified")


def test_unchanged_facts_cost_no_write_and_a_read_for_every_hundred(on: Bench) -> None:
    facts = [Fact(key(f"sku {place}"), 1, f"text {place}") for place in range(150)]
    assert put(on, *facts) == Tally(150, 0)
    on.aws.clock.advance(86400)
    with on.calls() as made:
        assert put(on, *(fact._replace(version=2) for fact in facts)) == Tally(0, 150)
    assert (writes(made), made["BatchGetItem"]) == (0, 2)
    with on.calls() as made:
        changed = [
            fact._replace(version=3, text="new") if place in {3, 120} else fact for place, fact in enumerate(facts)
        ]
        assert put(on, *changed) == Tally(2, 148)
    assert writes(made) == 2


def test_writes_by_threads_are_made_for_the_tenant_in_scope(on: Bench) -> None:
    opened = len(on.aws.sessions.opened)
    assert put(on, *(Fact(key(str(place)), 1, "x") for place in range(40))) == Tally(40, 0)
    assert set(on.aws.sessions.opened[opened:]) <= {on.seller.tenant_id}
    things = [item for item in on.aws.items() if item["kind"]["S"] == "thing"]
    assert len(things) == 40
    assert {item["pk"]["S"] for item in things} == {key("0").pk}
    assert {item["source"]["S"] for item in things} == {"test"}


def test_a_source_may_insist_on_a_repetition(on: Bench) -> None:
    put(on, Fact(key("a"), 1, "same"))
    again = Fact(key("a"), 5, "same")
    insisting = {"received_at": on.now, "source": "test", "register": "report"}
    assert upsert(Thing, [again], matters=lambda _record, fact: fact.version == 4, **insisting) == Tally(0, 1)  # type: ignore[arg-type]
    assert upsert(Thing, [again], matters=lambda _record, _fact: True, **insisting) == Tally(1, 0)  # type: ignore[arg-type]
    assert put(on, Fact(key("a"), 4, "older than the confirmation")) == Tally(0, 1)


def expiry(model: type[FactItem]) -> int:
    return int(stored(model, [key("a")])[key("a")].expires_at)


def ends(at: datetime) -> int:
    return epoch_seconds(at + timedelta(days=AMAZON_DATA_DAYS))


def test_what_exists_is_kept_18_months_from_the_last_time_it_was_told(on: Bench) -> None:
    first = on.now
    put(on, Fact(key("a"), 1, "x"))
    assert expiry(Thing) == ends(first)
    on.aws.clock.advance((RENEW_AFTER - timedelta(days=1)).total_seconds())
    assert put(on, Fact(key("a"), 2, "x")) == Tally(0, 1)
    assert expiry(Thing) == ends(first)
    on.aws.clock.advance(timedelta(days=1).total_seconds())
    assert put(on, Fact(key("a"), 3, "x")) == Tally(1, 0)
    assert expiry(Thing) == ends(on.now)


def test_what_happened_is_kept_18_months_from_the_first_time_it_was_told(on: Bench) -> None:
    first = on.now

    def tell(version: int, text: str) -> Tally:
        return upsert(Happened, [Fact(key("a"), version, text)], received_at=on.now, source="test")

    tell(1, "x")
    on.aws.clock.advance(timedelta(days=300).total_seconds())
    assert tell(2, "x") == Tally(0, 1)
    assert tell(2, "y") == Tally(1, 0)
    assert expiry(Happened) == ends(first)
    on.aws.clock.advance(timedelta(days=AMAZON_DATA_DAYS).total_seconds())
    assert tell(3, "y") == Tally(1, 0)
    assert expiry(Happened) == ends(on.now)


def test_a_fact_needs_a_tenant_in_scope(shared: Aws) -> None:
    present = bench(emptied(shared))
    with tenant_scope(present.seller.tenant_id):
        fact = Fact(key("a"), 1, "x")
    with pytest.raises(NoTenantInScope):
        put(present, fact)
    with pytest.raises(NoTenantInScope):
        upsert(Thing, [fact] * 20, received_at=present.now, source="test", register="report", known={})


def shelves() -> list[Shelf]:
    return [Shelf("one", key("", "1").pk), Shelf("empty", key("", "2").pk), Shelf("two", key("", "3").pk)]


def names(cursor: str | None = None, limit: int = 3, *, newest_first: bool = False) -> tuple[list[str], str | None]:
    page = browse(Thing, shelves(), prefix="THING#", cursor=cursor, limit=limit, newest_first=newest_first)
    return [f"{shelf} {record.sk.removeprefix('THING#')}" for shelf, record in page.found], page.next_cursor


def test_pages_walk_shelf_by_shelf_and_the_last_one_says_so(on: Bench) -> None:
    put(on, *(Fact(key(name, shelf), 1, "x") for name, shelf in (("a", "1"), ("b", "1"), ("a", "3"), ("c", "3"))))
    first, cursor = names()
    assert first == ["one a", "one b", "two a"]
    assert cursor is not None
    assert decode_cursor(cursor, 2) == ("two", "THING#a")
    assert names(cursor) == (["two c"], None)
    assert names(limit=4) == (["one a", "one b", "two a", "two c"], None)
    assert names(limit=4, newest_first=True) == (["one b", "one a", "two c", "two a"], None)


@pytest.mark.parametrize("parts", [("nowhere", "THING#a"), ("one", "OTHER#a"), ("one", "THING#"), ("one",)])
@pytest.mark.usefixtures("on")
def test_a_cursor_of_another_list_is_refused(parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        names(encode_cursor(*parts))


def test_a_filter_goes_on_with_the_next_page_when_it_has_looked_at_enough(on: Bench) -> None:
    put(on, *(Fact(key(f"{place:04}", "1"), 1, "x") for place in range(21)))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = browse(
            Thing, shelves(), prefix="THING#", cursor=cursor, limit=3, examine=8,
            wanted=lambda record: int(record.sk[-4:]) % 5 == 4,
        )  # fmt: skip
        seen += [record.sk for _, record in page.found]
        cursor, pages = page.next_cursor, pages + 1
    assert seen == [f"THING#{place:04}" for place in range(4, 21, 5)]
    assert pages == 3


def test_months_go_back_over_the_turn_of_the_year() -> None:
    months = monthly(date(2026, 1, 31), 3, lambda day: f"pk {day:%Y-%m}")
    assert months == [Shelf("2026-01", "pk 2026-01"), Shelf("2025-12", "pk 2025-12"), Shelf("2025-11", "pk 2025-11")]

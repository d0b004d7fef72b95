"""What a page of a list may read: never more than promised, whatever the entries really are."""

from quayside.kernel.ids import TenantId
from quayside.storage import keys
from quayside.storage.budget import PAGE_UNITS, REQUEST_UNITS, Budget, read_units, size_of
from quayside.supply_chain.shipment_records import ListedRecord

LARGEST = 1300


def entry(size: int) -> ListedRecord:
    """An entry of the list of shipments that has so many bytes."""
    made = ListedRecord.at(keys.listed_shipment(TenantId("a" * 26), "OPEN", "s1"), facts="")
    return ListedRecord.at(keys.listed_shipment(TenantId("a" * 26), "OPEN", "s1"), facts="x" * (size - size_of(made)))


def read(size: int) -> tuple[int, float]:
    """Read entries of one size as long as there is room; return how many, and what that cost."""
    budget = Budget(LARGEST)
    count, spent = 0, 0.0
    while room := budget.room:
        found = [entry(size)] * room
        budget.count(found)
        count += room
        spent += read_units(sum(map(size_of, found)))
    return count, spent


def test_the_largest_entries_fill_a_page_in_one_query() -> None:
    assert read(LARGEST) == (37, PAGE_UNITS - REQUEST_UNITS)


def test_of_small_entries_a_page_reads_more_for_as_much() -> None:
    count, spent = read(400)
    assert count > 75
    assert spent <= PAGE_UNITS - REQUEST_UNITS


def test_what_is_read_besides_leaves_less_room() -> None:
    budget = Budget(LARGEST, besides=2)
    assert budget.room == 25
    assert budget.has_room_for(32_768)
    assert not budget.has_room_for(32_769)
    budget.take(20_000)
    assert (budget.room, budget.has_room_for(4096)) == (9, True)
    budget.take(9_000)
    assert budget.room == 0

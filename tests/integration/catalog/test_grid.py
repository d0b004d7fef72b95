"""The grid in the store: lines in step with listings, exactly their issues in the inbox, bounded pages, saved views."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date

import pytest

from quayside.catalog import grid_service, grid_store, store
from quayside.catalog.grid_records import GridLineRecord, IssueRecord, line_from
from quayside.catalog.grid_rules import Filters
from quayside.catalog.grid_service import Ports
from quayside.catalog.rules import DocumentedListing, Issue, Measure, Price, Product, ReportedListing, Size
from quayside.connections import service as connections
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.storage import keys
from quayside.sync.registry import LISTINGS
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.erasures import Killed, killed_after
from tests.support.fresh import emptied
from tests.support.notifications import DE, US

ERROR = Issue("90220", "ERROR", "It is missing.", ("country_of_origin",))
WARNING = Issue("18448", "WARNING", "It is incomplete.")
MERCHANT = "DEFAULT"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US, DE))
    with tenant_scope(made.seller.tenant_id):
        yield made


def _stock(_connection_id: ConnectionId, _marketplace_id: str, skus: Sequence[str], /) -> Mapping[str, int]:
    return {sku: 12 for sku in skus if sku != "NONE"}


def _costs(skus: Sequence[str], _day: date, /) -> Mapping[str, Money]:
    return {sku: Money(410, "USD") for sku in skus if sku == "A"}


PORTS = Ports(_stock, _costs)


def document(on: Bench, sku: str, *issues: Issue, place: str = US, statuses: tuple[str, ...] = ("BUYABLE",)) -> None:
    said = DocumentedListing(statuses, issues, "B000000001", f"Lamp {sku}", Price(999, "USD"), 5, MERCHANT)
    store.put_documented(on.seller.connection_id, place, [(sku, said)], received_at=on.now)


def compute(on: Bench, *, short: bool = False) -> int:
    """Put all lines together, in as many runs as it takes; return how many."""
    after, runs = None, 0
    while True:
        after = grid_service.compute(
            on.seller.connection_id, [DE, US], after, ports=PORTS, clock=on.aws.clock, time_is_short=lambda: short
        )
        runs += 1
        if after is None:
            return runs


def inbox(on: Bench) -> list[str]:
    """The sort keys of all entries of the inbox."""
    return sorted(item["sk"]["S"] for item in on.aws.items() if item["kind"]["S"] == IssueRecord.KIND)


def test_a_line_is_put_together_from_listing_stock_product_and_cost(on: Bench) -> None:
    document(on, "A", WARNING)
    product = Product(found=True, package=Size(Measure("10", "inches")))
    store.put_products(on.seller.connection_id, US, {"B000000001": product}, received_at=on.now)
    compute(on)
    connections.record_success(on.seller.connection_id, LISTINGS, rows=1, now=on.now)

    page = grid_service.list_lines(None, None, Filters(), None, 50)

    (line,) = page.lines
    assert (line.seller_sku, line.title, line.price, line.units) == ("A", "Lamp A", Money(999, "USD"), 5)
    assert (line.package.length_mm, line.unit_cost, line.warnings) == (254, Money(410, "USD"), 1)
    assert (page.examined, page.next_cursor) == (1, None)
    assert page.as_of is not None


def test_the_inbox_holds_exactly_the_issues_there_are(on: Bench) -> None:
    document(on, "A", ERROR, WARNING)
    document(on, "B", WARNING, place=DE)
    compute(on)
    on.aws.clock.advance(3600)
    first = inbox(on)
    assert [key.split("#")[0] for key in first] == ["ERROR", "WARNING", "WARNING"]
    compute(on)
    assert inbox(on) == first

    document(on, "A", WARNING)
    compute(on)

    assert inbox(on) == first[1:]
    assert grid_service.list_issues(None, "ERROR", None, 25).issues == ()
    warnings = grid_service.list_issues(None, "WARNING", None, 25).issues
    assert {(each.seller_sku, each.marketplace_id, each.code) for each in warnings} == {
        ("A", US, "18448"), ("B", DE, "18448"),
    }  # fmt: skip
    assert all(each.fix_url and "sellercentral" in each.fix_url for each in warnings)


@pytest.mark.parametrize("calls", [6, 7, 8, 9, 10, 11])
def test_a_crash_while_issues_are_filed_leaves_none_behind(on: Bench, calls: int) -> None:
    document(on, "A", ERROR)
    with suppress(Killed), killed_after(on.aws.store, calls):
        compute(on)
    document(on, "A", WARNING)
    compute(on)
    assert [key.split("#")[0] for key in inbox(on)] == ["WARNING"]


def test_who_comes_second_starts_again_from_what_the_first_wrote(on: Bench) -> None:
    document(on, "A", ERROR)
    compute(on)
    before = grid_store.line(grid_store.Place(on.seller.connection_id, US, "A"))
    compute(on)
    after = grid_store.line(grid_store.Place(on.seller.connection_id, US, "A"))
    assert before is not None
    assert after is not None
    key = keys.catalog_line(current_tenant(), on.seller.connection_id, US, "A")
    line = line_from(after.line)
    assert not grid_store._write_line(key, line, set(), int(before.step), on.now)


def test_lines_are_put_together_in_as_many_runs_as_it_takes(on: Bench) -> None:
    listings = [
        (f"SKU-{number:05}", ReportedListing("Active", "B000000001", "A harbour lamp with a long title " * 3))
        for number in range(500)
    ]
    store.put_reported(on.seller.connection_id, US, listings, at=on.now, received_at=on.now)
    assert compute(on, short=True) > 1
    seen, cursor = 0, None
    while True:
        page = grid_service.list_lines(None, None, Filters(), cursor, 50)
        seen, cursor = seen + len(page.lines), page.next_cursor
        if cursor is None:
            break
    assert seen == 500


def test_filters_and_cursors_of_others_are_refused(on: Bench) -> None:
    for number in range(3):
        document(on, f"S{number}", ERROR)
    compute(on)
    page = grid_service.list_lines(None, US, Filters(), None, 2)
    assert [line.seller_sku for line in page.lines] == ["S0", "S1"]
    rest = grid_service.list_lines(None, US, Filters(), page.next_cursor, 2)
    assert [line.seller_sku for line in rest.lines] == ["S2"]
    with pytest.raises(InvalidInput):
        grid_service.list_lines(None, DE, Filters(), page.next_cursor, 2)
    issues = grid_service.list_issues(None, "ERROR", None, 2)
    assert len(grid_service.list_issues(None, "ERROR", issues.next_cursor, 2).issues) == 1
    with pytest.raises(InvalidInput):
        grid_service.list_issues(None, "WARNING", issues.next_cursor, 2)
    with pytest.raises(NotFound):
        grid_service.list_lines(ConnectionId("0" * 16), None, Filters(), None, 2)


def test_views_are_saved_by_name_and_end_with_nobody(on: Bench) -> None:
    def save(name: str, filters: str = "issues=errors") -> None:
        grid_service.save_view(name, filters, member_id="anna", clock=on.aws.clock, entropy=entropy_of(len(name)))

    save("Broken")
    save("broken", "issues=any")
    (view,) = grid_service.list_views().views
    assert (view.name, view.filters) == ("broken", "issues=any")
    with pytest.raises(InvalidInput):
        save("  ")
    grid_service.remove_view(view.view_id)
    with pytest.raises(NotFound):
        grid_service.remove_view(view.view_id)
    for number in range(grid_store.MOST_VIEWS):
        grid_store.put_view(f"v{number}", f"View {number}", "", "anna", on.now)
    with pytest.raises(Conflict):
        save("One more")


def test_a_line_carries_its_end(on: Bench) -> None:
    document(on, "A", ERROR)
    compute(on)
    kinds = {GridLineRecord.KIND, IssueRecord.KIND}
    assert all("expires_at" in item for item in on.aws.items() if item["kind"]["S"] in kinds)

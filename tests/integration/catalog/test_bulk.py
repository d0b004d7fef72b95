"""Files of changes against the simulated Amazon: compared first, one feed, each row's outcome, nothing twice."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from infra.simulator import listing_life, product_types
from infra.simulator.marketplaces import MARKETPLACES
from quayside.catalog import bulk_service, edit_service
from quayside.catalog.bulk_views import FileRowView, FileView
from quayside.catalog.edit_service import NewChange
from quayside.catalog.edit_views import EditView
from quayside.catalog.grid_store import Place
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from tests.support.amazon import TENANT, Stage, entropy_of, stage
from tests.support.losing import Losing

if TYPE_CHECKING:
    from infra.simulator.world import Listing
    from quayside.kernel.ids import ConnectionId


class Shop:
    """A connected seller whose listings are read."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.world = on.simulator.world
        self.seller = self.world.create_seller("quiet-us", selling_partner_id="A1FILES")
        self.connection_id: ConnectionId = on.begin(self.seller)
        on.run()
        self.place = self.seller.marketplaces[0]
        self.listings: list[Listing] = self.world.listings_of(self.seller, self.place)[:4]
        for each in self.listings:
            self._fetch(each.sku)
        self.number = 100

    def _fetch(self, sku: str) -> None:
        arguments = {"marketplace_id": self.place, "seller_sku": sku}
        self.on.desk.ask("listings.fetch", TENANT, self.connection_id, cause="member", **arguments)
        self.on.run()

    def bring(self, *parts: str) -> FileView:
        """Bring a file in parts and return its preview."""
        self.number += 1
        with tenant_scope(TENANT):
            made = bulk_service.begin(
                self.connection_id, self.place, "Prices", member_id="anna", clock=self.on.clock,
                entropy=entropy_of(self.number),
            )  # fmt: skip
            for number, csv in enumerate(parts):
                for _ in range(2):
                    bulk_service.add_part(
                        self.connection_id, made.file_id, number, first_line=2 + 10 * number, csv=csv,
                        clock=self.on.clock,
                    )  # fmt: skip
            return bulk_service.complete(self.connection_id, made.file_id, desk=self.on.desk, clock=self.on.clock)

    def apply(self, file: FileView, *, run: bool = True) -> FileView:
        """Apply a file and return what became of it."""
        with tenant_scope(TENANT):
            bulk_service.apply(
                self.connection_id, file.file_id, file.step, member_id="ben", desk=self.on.desk, clock=self.on.clock
            )
        if run:
            self.on.run()
        return self.show(file)

    def show(self, file: FileView) -> FileView:
        """Return a file as it is now."""
        with tenant_scope(TENANT):
            return bulk_service.show(self.connection_id, file.file_id, self.on.clock)

    def states(self, file: FileView) -> dict[int, str]:
        """Return the state of every row by its line."""
        with tenant_scope(TENANT):
            parts = [bulk_service.show_rows(self.connection_id, file.file_id, part).rows for part in range(file.parts)]
        return {row.line: row.state for rows in parts for row in rows}

    def prices(self, by_minor: int) -> str:
        """Return a file that makes every listing dearer."""
        rows = (f"{each.sku},{Money(each.price_minor + by_minor, 'USD').to_decimal()}" for each in self.listings)
        return "seller_sku,price\n" + "\n".join(rows) + "\n"

    @property
    def feeds(self) -> int:
        """How many feeds Amazon has of the seller."""
        return len(self.on.simulator.feeds.between(self.seller, 0, self.world.now_ms))

    def column(self, name: str, number: int = 1) -> str:
        """Return the column of an attribute that has a language."""
        return f"{name}[marketplace_id={self.place}][language_tag={MARKETPLACES[self.place].language}]#{number}"

    def entries(self, listing: "Listing", name: str) -> list[str]:
        """Return the values that an attribute has at Amazon."""
        return [
            str(each["value"]) for each in product_types.attributes(listing, MARKETPLACES[self.place]).get(name, [])
        ]

    @property
    def searches(self) -> int:
        """How often Amazon was asked for listings by their SKUs."""
        return int(self.on.calls().get("searchListingsItems", {"calls": 0})["calls"])

    def rows(self, file: FileView) -> dict[int, FileRowView]:
        """Return every row by its line."""
        with tenant_scope(TENANT):
            parts = [bulk_service.show_rows(self.connection_id, file.file_id, part).rows for part in range(file.parts)]
        return {row.line: row for rows in parts for row in rows}

    def versions(self, listing: "Listing") -> tuple[EditView, ...]:
        """Return the changes of a listing, the newest first."""
        with tenant_scope(TENANT):
            return edit_service.list_edits(
                Place(self.connection_id, self.place, listing.sku), None, self.on.clock
            ).edits


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with stage() as on:
        yield Shop(on)


def test_a_file_is_previewed_applied_once_and_told_row_by_row(shop: Shop) -> None:
    first, second, third, fourth = shop.listings
    old = [each.price_minor for each in shop.listings]
    file = shop.bring(
        f"seller_sku,price\n{first.sku},{Money(old[0] + 50, 'USD').to_decimal()}\nNONE,5.00\n{second.sku},x\n",
        f"seller_sku,price\n{second.sku},{Money(old[1] * 20, 'USD').to_decimal()}\n{first.sku},9.00\n"
        f"{third.sku},{Money(old[2], 'USD').to_decimal()}\n{fourth.sku},{Money(old[3] + 60, 'USD').to_decimal()}\n",
    )
    assert (file.state, file.counts) == ("ready", {"change": 3, "refused": 3, "same": 1})
    assert [each.price_minor for each in shop.listings] == old
    feeds = shop.feeds
    theirs = old[3] + 7
    listing_life.set_price(shop.world, fourth, theirs, shop.world.now_ms)
    shop._fetch(fourth.sku)

    done = shop.apply(file)

    assert (done.state, done.sent, shop.feeds) == ("done", 2, feeds + 1)
    assert done.counts == {"accepted": 1, "rejected": 1, "moved": 1, "refused": 3, "same": 1}
    assert shop.states(done) == {
        2: "accepted", 3: "refused", 4: "refused", 12: "rejected", 13: "refused", 14: "same", 15: "moved",
    }  # fmt: skip
    assert [each.price_minor for each in shop.listings] == [old[0] + 50, old[1], old[2], theirs]
    with tenant_scope(TENANT):
        place = Place(shop.connection_id, shop.place, first.sku)
        version = edit_service.list_edits(place, None, shop.on.clock).edits[0]
        rows = bulk_service.show_rows(shop.connection_id, done.file_id, 1).rows
    assert (version.state, version.bulk_id, version.asked_by) == ("applied", done.file_id, "anna")
    assert "99300" in rows[0].problem
    for each in shop.listings:
        shop._fetch(each.sku)


def test_applied_twice_and_every_command_twice_it_is_one_feed(shop: Shop) -> None:
    before = shop.feeds
    file = shop.bring(shop.prices(11))
    shop.apply(file, run=False)
    shop.apply(file)
    done = shop.show(file)
    for kind in ("listings.send_file", "listings.check_file", "listings.collect_file"):
        arguments = {"file_id": file.file_id, "marketplace_id": shop.place}
        shop.on.desk.ask(kind, TENANT, shop.connection_id, cause="member", **arguments)
        shop.on.run()
    assert (shop.feeds, shop.show(file)) == (before + 1, done)
    assert done.counts == {"accepted": 4}
    with pytest.raises(Conflict):
        shop.apply(file)
    for each in shop.listings:
        shop._fetch(each.sku)


@pytest.mark.parametrize("after", [True, False])
def test_a_feed_whose_answer_was_lost_is_found_and_not_made_twice(shop: Shop, *, after: bool) -> None:
    before = shop.feeds
    file = shop.bring(shop.prices(13))
    losing = Losing(shop.on.transport, lambda operation, _: operation == "createFeed", after=after)
    shop.on.worker = shop.on.new_worker(transport=losing)
    try:
        done = shop.apply(file)
    finally:
        shop.on.worker = shop.on.new_worker()
    assert (losing.lost, shop.feeds) == (1, before + 1)
    assert (done.state, done.counts) == ("done", {"accepted": 4})
    for each in shop.listings:
        shop._fetch(each.sku)


def test_texts_are_held_against_amazons_definition_sent_once_and_put_back(shop: Shop) -> None:
    first, second, third, fourth = shop.listings
    title, bullet, points = (shop.column("item_name"), shop.column("bullet_point"), shop.column("bullet_point", 2))
    old = shop.entries(first, "bullet_point")
    (present,) = shop.entries(fourth, "item_name")
    dear = Money(third.price_minor * 20, "USD").to_decimal()
    file = shop.bring(
        f"seller_sku,price,{points},{bullet},{title}\n{first.sku},,Second,Hält warm,\n"
        f'{second.sku},,,,{"x" * 201}\nNONE,,,,A name\n{fourth.sku},,,,"{present}"\n',
        f"seller_sku,price,{title}\n{third.sku},{dear},A new name\n{first.sku},,Again\n",
    )
    assert (file.state, file.counts) == ("comparing", {"waiting": 5, "refused": 1})
    calls = shop.searches
    shop.on.run()

    preview, rows = shop.show(file), shop.rows(file)

    assert (preview.state, preview.compared) == ("ready", 2)
    assert shop.searches == calls + 2
    assert {line: row.problem for line, row in rows.items() if row.state == "refused"} == {
        3: "item_name has a value of 201 characters; at most 200 are allowed",
        4: "there is no such listing in this marketplace",
        13: "an earlier row changes the same SKU",
    }
    assert (rows[5].state, rows[2].state, rows[12].state) == ("same", "change", "change")
    assert rows[2].change.attributes[0].values == ("Hält warm", "Second")
    assert rows[2].before.attributes[0].values == tuple(old)

    done = shop.apply(preview)

    assert (done.state, shop.states(done)[2], shop.states(done)[12]) == ("done", "accepted", "rejected")
    assert shop.entries(first, "bullet_point") == ["Hält warm", "Second"]
    assert shop.entries(third, "item_name") == [third.title]
    version = shop.versions(first)[0]
    assert (version.state, version.bulk_id) == ("applied", done.file_id)
    with tenant_scope(TENANT):
        edit_service.ask(
            Place(shop.connection_id, shop.place, first.sku),
            NewChange(restores=version.edit_id, side="before"),
            member_id="anna", desk=shop.on.desk, clock=shop.on.clock, entropy=entropy_of(9),
        )  # fmt: skip
    shop.on.run()
    back = shop.versions(first)[0]
    assert (back.state, back.change.attributes[0].values) == ("ready", tuple(old))


def test_a_text_that_changed_since_it_was_compared_is_not_overwritten(shop: Shop) -> None:
    first = shop.listings[0]
    # Amazon is asked for SKUs separated by commas: one that holds a comma goes by itself.
    second = shop.world.add_listing(
        shop.seller, shop.place, sku="CUP,BLUE", asin="B0CUPBLUE1", fnsku="X0CUPBLUE1", title="Cup", price_minor=900,
        by_amazon=False,
    )  # fmt: skip
    file = shop.bring(f'seller_sku,{shop.column("item_name")}\n{first.sku},Ours\n"{second.sku}",Ours\n')
    shop.on.run()
    place = MARKETPLACES[shop.place]
    theirs = {"value": "Theirs", "marketplace_id": place.marketplace_id, "language_tag": place.language}
    listing_life.set_attribute(shop.world, first, "item_name", [theirs], shop.world.now_ms)

    done = shop.apply(shop.show(file))

    assert (done.state, done.counts) == ("done", {"moved": 1, "accepted": 1})
    assert (shop.entries(first, "item_name"), shop.entries(second, "item_name")) == (["Theirs"], ["Ours"])


def test_a_file_to_fill_in_has_the_sellers_own_listings_and_changes_nothing_as_it_is(shop: Shop) -> None:
    shop.on.desk.ask("grid.compute", TENANT, shop.connection_id, cause="member")
    shop.on.run()
    with tenant_scope(TENANT):
        page = bulk_service.template(shop.connection_id, shop.place, None, 100)
        with pytest.raises(NotFound):
            bulk_service.template(shop.connection_id, "A1PA6795UKMFR9", None, 100)
    assert {row[0] for row in page.rows} >= {each.sku for each in shop.listings[:1]}
    empty = [",".join((row[0], "", *[""] * (len(page.columns) - 2))) for row in page.rows]
    file = shop.bring("\n".join((",".join(page.columns), *empty)))
    assert (file.state, set(file.counts)) == ("ready", {"refused"})


def test_what_is_no_file_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        shop.bring()
    with pytest.raises(InvalidInput, match="seller_sku"):
        shop.bring("sku\nA\n")
    nothing = shop.bring("seller_sku,price\nNONE,1\n")
    with pytest.raises(Conflict, match="changes nothing"):
        shop.apply(nothing)
    with tenant_scope(TENANT):
        clock = shop.on.clock
        with pytest.raises(NotFound):
            bulk_service.show(shop.connection_id, "none", clock)
        with pytest.raises(NotFound):
            bulk_service.show_rows(shop.connection_id, nothing.file_id, 7)
        with pytest.raises(NotFound):
            bulk_service.begin(
                shop.connection_id, "A1PA6795UKMFR9", "x", member_id="anna", clock=clock, entropy=entropy_of(1)
            )
        with pytest.raises(Conflict):
            bulk_service.add_part(shop.connection_id, nothing.file_id, 0, first_line=2, csv="x", clock=clock)
        assert nothing.file_id in {each.file_id for each in bulk_service.list_files(shop.connection_id, clock).files}

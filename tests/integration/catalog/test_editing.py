"""Changes of listings against the simulated Amazon: judged first, applied once, never over what somebody else did."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from infra.simulator import listing_life, product_types
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.world import Listing
from quayside.amazon.transport import QueryValue
from quayside.catalog import attribute_service, edit_service, editing, grid_service
from quayside.catalog.attribute_views import AttributesView
from quayside.catalog.edit_rules import Values
from quayside.catalog.edit_service import NewChange
from quayside.catalog.edit_views import EditView
from quayside.catalog.grid_rules import Filters
from quayside.catalog.grid_store import Place
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from tests.support.amazon import TENANT, Stage, entropy_of, stage
from tests.support.losing import Losing

if TYPE_CHECKING:
    from quayside.kernel.ids import ConnectionId


class Catalog:
    """A connected seller whose listings are read, one of them shipped by the seller."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.world = on.simulator.world
        self.seller = self.world.create_seller("quiet-us", selling_partner_id="A1EDITS")
        self.connection_id: ConnectionId = on.begin(self.seller)
        on.run()
        listings = self.world.listings_of(self.seller, self.seller.marketplaces[0])
        self.listing: Listing = next(each for each in listings if each.by_amazon)
        self.own: Listing = next((each for each in listings if not each.by_amazon), listings[0])
        for each in (self.listing, self.own):
            self.ask("listings.fetch", marketplace_id=each.marketplace_id, seller_sku=each.sku)
        self.number = 0

    def ask(self, kind: str, **arguments: str) -> None:
        """Have the worker do something."""
        self.on.desk.ask(kind, TENANT, self.connection_id, cause="member", **arguments)
        self.on.run()

    def place(self, listing: Listing | None = None) -> Place:
        """Return where a listing is."""
        found = listing or self.listing
        return Place(self.connection_id, found.marketplace_id, found.sku)

    def change(self, new: NewChange, listing: Listing | None = None) -> EditView:
        """Ask for a change and return it as it is after the worker went through it."""
        self.number += 1
        # Changes of one millisecond have no order among them.
        self.on.clock.advance(1)
        with tenant_scope(TENANT):
            made = edit_service.ask(
                self.place(listing), new, member_id="anna", desk=self.on.desk, clock=self.on.clock,
                entropy=entropy_of(self.number),
            )  # fmt: skip
            assert made.state == "checking"
        self.on.run()
        return self.show(made.edit_id, listing)

    def show(self, edit_id: str, listing: Listing | None = None) -> EditView:
        """Return a change as it is now."""
        with tenant_scope(TENANT):
            return edit_service.show(self.place(listing), edit_id, self.on.clock)

    def apply(self, edit: EditView, *, run: bool = True) -> EditView:
        """Apply a change."""
        with tenant_scope(TENANT):
            edit_service.apply(
                self.place(), edit.edit_id, edit.step, member_id="ben", desk=self.on.desk, clock=self.on.clock
            )
        if run:
            self.on.run()
        return self.show(edit.edit_id)

    @property
    def patches(self) -> int:
        """How many changes Amazon was sent, previews among them."""
        return int(self.on.calls().get("patchListingsItem", {"calls": 0})["calls"])


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    with stage() as on:
        yield Catalog(on)


def dearer(catalog: Catalog, by_minor: int = 100) -> NewChange:
    money = Money(catalog.listing.price_minor + by_minor, "USD")
    return NewChange(price=str(money.to_decimal()))


def test_a_price_is_judged_then_applied_and_is_a_version_that_can_be_put_back(catalog: Catalog) -> None:
    old = catalog.listing.price_minor
    ready = catalog.change(dearer(catalog))
    assert (ready.state, catalog.listing.price_minor) == ("ready", old)
    assert ready.before is not None
    assert ready.before.price == Money(old, "USD")

    applied = catalog.apply(ready)

    assert (applied.state, catalog.listing.price_minor) == ("applied", old + 100)
    assert (applied.asked_by, applied.applied_by) == ("anna", "ben")
    with tenant_scope(TENANT):
        lines = grid_service.list_lines(None, None, Filters(search=catalog.listing.sku), None, 9).lines
        versions = edit_service.list_edits(catalog.place(), None, catalog.on.clock).edits
    assert [line.price for line in lines if line.seller_sku == catalog.listing.sku] == [Money(old + 100, "USD")]
    assert versions[0].edit_id == applied.edit_id

    back = catalog.change(NewChange(restores=applied.edit_id, side="before"))
    assert catalog.apply(back).state == "applied"
    assert catalog.listing.price_minor == old
    again = catalog.change(NewChange(restores=applied.edit_id))
    assert again.change.price == Money(old + 100, "USD")


def test_applied_twice_it_goes_out_once(catalog: Catalog) -> None:
    ready = catalog.change(dearer(catalog, 7))
    before = catalog.patches
    catalog.apply(ready, run=False)
    catalog.apply(ready)
    assert catalog.patches == before + 1
    with pytest.raises(Conflict):
        catalog.apply(ready)


def test_what_changed_since_the_preview_is_not_overwritten(catalog: Catalog) -> None:
    ready = catalog.change(dearer(catalog, 30))
    theirs = catalog.listing.price_minor + 55
    listing_life.set_price(catalog.world, catalog.listing, theirs, catalog.world.now_ms)

    found = catalog.apply(ready)

    assert (found.state, catalog.listing.price_minor) == ("conflict", theirs)
    assert found.found is not None
    assert found.found.price == Money(theirs, "USD")
    assert "Nothing was sent" in found.reason


def applies(operation: str, query: Mapping[str, QueryValue]) -> bool:
    return operation == "patchListingsItem" and "mode" not in query


@pytest.mark.parametrize("after", [True, False])
def test_an_answer_that_was_lost_is_found_out_and_the_change_made_once(catalog: Catalog, *, after: bool) -> None:
    ready = catalog.change(dearer(catalog, 11 + after))
    losing = Losing(catalog.on.transport, applies, after=after)
    catalog.on.worker = catalog.on.new_worker(transport=losing)
    try:
        found = catalog.apply(ready)
    finally:
        catalog.on.worker = catalog.on.new_worker()

    assert (found.state, losing.lost) == ("applied", 1)
    assert ready.change.price == Money(catalog.listing.price_minor, "USD")
    # When the change came through the first time, it was not sent again, and only its number was lost.
    assert (found.submission_id is None) == after


def test_amazon_says_what_is_wrong_before_anything_is_applied(catalog: Catalog) -> None:
    refused = catalog.change(NewChange(price=str(Money(catalog.listing.price_minor * 20, "USD").to_decimal())))
    assert (refused.state, [each.code for each in refused.issues]) == ("refused", ["99300"])
    same = catalog.change(NewChange(price=str(Money(catalog.listing.price_minor, "USD").to_decimal())))
    assert (same.state, same.reason) == ("refused", "The listing has these values already.")
    stock = catalog.change(NewChange(quantity=9))
    assert stock.state == "refused"
    assert "Amazon ships" in stock.reason
    with pytest.raises(Conflict):
        catalog.apply(refused)


@pytest.mark.parametrize(
    "new", [NewChange(), NewChange(price="0"), NewChange(price="1,5"), NewChange(price="1.005"), NewChange(price="x")]
)
def test_bad_values_are_refused_with_what_is_allowed(catalog: Catalog, new: NewChange) -> None:
    with pytest.raises(InvalidInput) as caught:
        catalog.change(new)
    assert caught.value.fields


def test_what_is_not_there_is_not_found(catalog: Catalog) -> None:
    nowhere = Place(catalog.connection_id, catalog.listing.marketplace_id, "NONE")
    with tenant_scope(TENANT):
        for ask in (
            lambda: edit_service.show_listing(nowhere),
            lambda: edit_service.show(nowhere, "1", catalog.on.clock),
        ):
            with pytest.raises(NotFound):
                ask()
        detail = edit_service.show_listing(catalog.place())
    assert (detail.currency, detail.why_not) == ("USD", "")
    with pytest.raises(NotFound):
        catalog.change(NewChange(restores="00000000000001-x"))


def test_a_change_for_an_unknown_edit_does_nothing(catalog: Catalog) -> None:
    before = catalog.patches
    for kind in ("listings.preview", "listings.apply"):
        place = {"marketplace_id": catalog.listing.marketplace_id, "seller_sku": catalog.listing.sku}
        catalog.ask(kind, edit_id="none", **place)
    assert catalog.patches == before
    assert editing.patches_of(Values(), "X") == []


def opened(catalog: Catalog) -> AttributesView:
    """Have the attributes of the listing read, and return them in their form."""
    catalog.on.clock.advance(30)
    with tenant_scope(TENANT):
        attribute_service.ask(catalog.place(), member_id="anna", desk=catalog.on.desk, clock=catalog.on.clock)
    catalog.on.run()
    with tenant_scope(TENANT):
        return attribute_service.show(catalog.place(), catalog.on.clock)


def calls(catalog: Catalog, operation: str) -> int:
    return int(catalog.on.calls().get(operation, {"calls": 0})["calls"])


def entries(catalog: Catalog, name: str) -> list[str]:
    place = MARKETPLACES[catalog.listing.marketplace_id]
    found = product_types.attributes(catalog.listing, place).get(name, [])
    return [str(each["value"]) for each in found]


def test_attributes_are_edited_in_a_form_of_amazons_definition_and_put_back(catalog: Catalog) -> None:
    never = catalog.world.listings_of(catalog.seller, catalog.listing.marketplace_id)[-1]
    catalog.ask("listings.fetch", marketplace_id=never.marketplace_id, seller_sku=never.sku)
    with tenant_scope(TENANT):
        assert attribute_service.show(catalog.place(never), catalog.on.clock).state == "unread"
    with pytest.raises(Conflict, match="have not been read"):
        catalog.change(NewChange(attributes=(("item_name", ("x",)),)), never)

    shown = opened(catalog)

    fields = {field.name: field for field in shown.fields}
    assert (shown.state, fields["item_name"].values) == ("ready", (catalog.listing.title,))
    assert (fields["bullet_point"].most, fields["item_name"].longest, fields["item_name"].required) == (5, 200, True)
    assert fields["generic_keyword"].longest_bytes == 250
    assert {each.name for each in shown.elsewhere} >= {"brand", "item_weight"}
    old = entries(catalog, "bullet_point")
    wanted = (("bullet_point", ("Hält warm", "Two")), ("generic_keyword", ()), ("number_of_items", ("2",)))

    ready = catalog.change(NewChange(attributes=wanted))

    assert (ready.state, entries(catalog, "bullet_point")) == ("ready", old)
    assert ready.before is not None
    assert {each.name: each.values for each in ready.before.attributes}["bullet_point"] == tuple(old)
    applied = catalog.apply(ready)
    assert (applied.state, entries(catalog, "bullet_point")) == ("applied", ["Hält warm", "Two"])
    assert (entries(catalog, "generic_keyword"), entries(catalog, "number_of_items")) == ([], ["2"])

    back = catalog.apply(catalog.change(NewChange(restores=applied.edit_id, side="before")))
    assert (back.state, entries(catalog, "bullet_point"), len(entries(catalog, "generic_keyword"))) == (
        "applied",
        old,
        1,
    )


def test_a_form_is_kept_and_its_schema_is_read_again_only_when_it_is_another(catalog: Catalog) -> None:
    opened(catalog)
    before = calls(catalog, "getDefinitionsProductType")
    opened(catalog)
    assert calls(catalog, "getDefinitionsProductType") == before
    catalog.on.clock.advance(8 * 86_400)
    assert opened(catalog).state == "ready"
    assert calls(catalog, "getDefinitionsProductType") == before + 1


def test_new_definitions_hold_for_forms_and_for_changes_that_wait(catalog: Catalog) -> None:
    place = MARKETPLACES[catalog.listing.marketplace_id]
    shown = opened(catalog)
    ready = catalog.change(NewChange(attributes=(("item_name", ("A quiet lamp for the desk",)),)))
    with catalog.world.lock:
        product_types.revise(catalog.world, shown.product_type, place, 20)
    before = calls(catalog, "getDefinitionsProductType")

    catalog.ask("listings.definitions", marketplace_id="A1PA6795UKMFR9")
    assert calls(catalog, "getDefinitionsProductType") == before
    catalog.ask("listings.definitions", marketplace_id="")

    with tenant_scope(TENANT):
        form = attribute_service.show(catalog.place(), catalog.on.clock)
    assert {field.name: field.longest for field in form.fields}["item_name"] == 20
    assert form.version != shown.version
    with pytest.raises(InvalidInput, match="at most 20 are allowed"):
        catalog.apply(ready)
    assert catalog.show(ready.edit_id).state == "ready"
    with catalog.world.lock:
        product_types.revise(catalog.world, shown.product_type, place, 200)
    catalog.ask("listings.definitions", marketplace_id=place.marketplace_id)
    applied = catalog.apply(ready)
    back = catalog.apply(catalog.change(NewChange(restores=applied.edit_id, side="before")))
    assert (applied.state, back.state) == ("applied", "applied")


def test_attributes_that_changed_since_the_preview_are_not_overwritten(catalog: Catalog) -> None:
    opened(catalog)
    ready = catalog.change(NewChange(attributes=(("product_description", ("Ours.",)),)))
    place = MARKETPLACES[catalog.listing.marketplace_id]
    theirs = {"value": "Theirs.", "marketplace_id": place.marketplace_id, "language_tag": place.language}
    listing_life.set_attribute(catalog.world, catalog.listing, "product_description", [theirs], catalog.world.now_ms)

    found = catalog.apply(ready)

    assert (found.state, entries(catalog, "product_description")) == ("conflict", ["Theirs."])
    assert found.found is not None
    assert found.found.attributes[0].values == ("Theirs.",)


def test_an_attributes_lost_answer_is_found_out_and_bad_values_never_get_to_amazon(catalog: Catalog) -> None:
    opened(catalog)
    ready = catalog.change(NewChange(attributes=(("material", ("Oak", "Linen")),)))
    losing = Losing(catalog.on.transport, applies, after=True)
    catalog.on.worker = catalog.on.new_worker(transport=losing)
    try:
        found = catalog.apply(ready)
    finally:
        catalog.on.worker = catalog.on.new_worker()
    assert (found.state, losing.lost, entries(catalog, "material")) == ("applied", 1, ["Oak", "Linen"])

    sent = catalog.patches
    with pytest.raises(InvalidInput) as caught:
        catalog.change(NewChange(attributes=(("item_name", ("x" * 201,)), ("country_of_origin", ("XX",)))))
    assert [each.field for each in caught.value.fields] == ["attributes.item_name", "attributes.country_of_origin"]
    assert catalog.patches == sent


def test_attributes_of_a_listing_that_amazon_no_longer_has_are_not_there(catalog: Catalog) -> None:
    nowhere = Place(catalog.connection_id, catalog.listing.marketplace_id, "NONE")
    with tenant_scope(TENANT), pytest.raises(NotFound):
        attribute_service.ask(nowhere, member_id="anna", desk=catalog.on.desk, clock=catalog.on.clock)
    with tenant_scope(TENANT), pytest.raises(NotFound):
        attribute_service.show(nowhere, catalog.on.clock)

"""The simulated marketplace: sellers, listings, orders and what happens to them as time passes.

The world changes only through events taken in order of time, so the same seed gives the same world however the clock
is stepped.
One lock guards everything; whoever touches the world holds it.
"""

import bisect
import heapq
import itertools
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from infra.simulator import books as accounts
from infra.simulator import catalogue, entropy, lifecycle, listing_life, plans, shipments, transactions
from infra.simulator.books import Books
from infra.simulator.clock import DAY, HOUR, MINUTE, SECOND, SimulatorClock, instant
from infra.simulator.demand import HOURS, Demand, poisson, promotion
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import exponent
from infra.simulator.postings import Kind, Postings
from infra.simulator.profiles import PROFILES, Profile
from infra.simulator.storage import Storage

SLOT = 5 * MINUTE
LONGEST_AGO_DAYS = 90
"""So far back an order may be placed afterwards."""
_INVENTORY_NOTICE_DELAY = 20 * SECOND
_REPORT_NOISE_PER_DAY = 60
BUSINESS, PRIME = 1, 2
ACCOUNT_STATUSES = ("NORMAL", "AT_RISK", "DEACTIVATED")


class UnknownThingError(LookupError):
    """Something was named that the world does not hold."""


class IllegalMoveError(ValueError):
    """An order cannot go where it was sent."""


@dataclass(slots=True)
class Seller:
    """A selling account. ``demand`` scales how much it sells; ``rate_multipliers`` scale Amazon's quotas for it."""

    pk: int
    selling_partner_id: str
    name: str
    region: str
    marketplaces: list[str]
    profile: str
    seed: int
    created_ms: int
    demand: float = 1.0
    rate_multipliers: dict[str, float] = field(default_factory=dict)
    # The usage plan that Amazon grants for its size, its account's health, and when its access tokens were last ended.
    plan: float = 1.0
    status: str = "NORMAL"
    tokens_ended_ms: int = 0


@dataclass(slots=True)
class Listing:
    """One SKU offered in one marketplace, with its own stock there. ``demand`` is None for imported history."""

    pk: int
    seller: int
    marketplace_id: str
    sku: str
    asin: str
    fnsku: str
    title: str
    price_minor: int
    by_amazon: bool
    demand: Demand | None
    batch: int
    changed_ms: int
    # When the listing itself last changed (0: never), Amazon's issue with it, what a merchant says to have (None: never
    # runs out), and the status that was told last.
    listed_ms: int = 0
    issue: str = ""
    offered: int | None = None
    told: list[str] | None = None
    # The attributes that were changed since it was made, by name; one that was deleted has no entries.
    attributes: dict[str, list[dict[str, Any]]] | None = None

    @property
    def units(self) -> str:
        """The commodity under which the books keep this listing's stock."""
        return f"units:{self.pk}"


class Order(NamedTuple):
    """One order as stored; instants are epoch milliseconds."""

    pk: int
    seller: int
    order_id: str
    marketplace_id: str
    created: int
    updated: int
    state: int
    by_amazon: int
    priced: int
    flags: int
    shipped_at: int | None
    delivered_at: int | None
    note: str | None


class Line(NamedTuple):
    """One line of an order; money is minor units of the marketplace's currency for the whole line."""

    order_pk: int
    position: int
    listing: int
    quantity: int
    shipped: int
    returned: int
    item_minor: int
    tax_minor: int
    shipping_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was placed or moved. ``change_type`` and ``reason`` are those of ORDER_CHANGE."""

    seller: Seller
    order: Order
    lines: tuple[Line, ...]
    change_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class InventoryChanged:
    """The availability of a SKU changed in one or more marketplaces."""

    seller: Seller
    listing: Listing
    at_ms: int


@dataclass(frozen=True, slots=True)
class ReportFinished:
    """Somebody else's report on this account finished: noise for this application."""

    seller: Seller
    at_ms: int
    number: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Anything else that Amazon would notify about, as its payload."""

    seller: Seller
    kind: str
    at_ms: int
    payload: dict[str, Any]


type Happening = OrderChanged | InventoryChanged | ReportFinished | Notice


class World:
    """All sellers and their orders, kept in ``storage`` and moved by ``clock``.

    Args:
        storage: where the world lives.
        clock: the only time it knows.
        seed: chooses everything that is left to chance.
        observe: called, under the lock, with everything that Amazon would notify about.
    """

    def __init__(
        self,
        storage: Storage,
        clock: SimulatorClock,
        *,
        seed: int = 1,
        observe: Callable[[Happening], None] = lambda _: None,
    ) -> None:
        self.lock = threading.RLock()
        self.storage = storage
        self.clock = clock
        self.observe = observe
        self.books = Books(storage.connection)
        self.postings = Postings(storage.connection)
        # Happenings that others planned: by kind, called with (instant, seller, number, argument).
        self.handlers: dict[str, Callable[[int, Seller, int, str], None]] = {"settle": self._settle_again}
        noted = storage.note("world") or {"seed": seed, "order": 0, "listing": 0, "seller": 0, "event": 0, "time": None}
        self.seed: int = noted["seed"]
        # A word that all buyers' personal data holds, so that whoever keeps any of it is found out; none when empty.
        self.buyers_marker: str = storage.note("buyers_marker") or ""
        self._numbers: dict[str, int] = noted
        self.lost_units: dict[int, int] = {int(pk): lost for pk, lost in (storage.note("lost_units") or {}).items()}
        self.sellers: dict[int, Seller] = {}
        self.listings: dict[int, Listing] = {}
        self._listings_of: dict[int, dict[str, list[Listing]]] = {}
        self._by_sku: dict[tuple[int, str], list[Listing]] = {}
        self._by_partner: dict[str, Seller] = {}
        for (document,) in storage.connection.execute("SELECT document FROM sellers ORDER BY pk"):
            self._remember_seller(Seller(**json.loads(document)))
        for (document,) in storage.connection.execute("SELECT document FROM listings ORDER BY pk"):
            values = json.loads(document)
            values["demand"] = Demand(**values["demand"]) if values["demand"] else None
            self._remember_listing(Listing(**values))
        self._events: list[tuple[int, int, int, str, int, str]] = [
            (at, pk, seller, kind, ref, argument)
            for pk, at, seller, kind, ref, argument in storage.connection.execute(
                "SELECT pk, at, seller, kind, ref, argument FROM events"
            )
        ]
        heapq.heapify(self._events)
        self._new_events: dict[int, tuple[int, int, int, str, int, str]] = {}
        self._done_events: list[int] = []
        self._changed_listings: set[int] = set()
        self._notices: set[tuple[int, str]] = {
            (seller, argument) for _, _, seller, kind, _, argument in self._events if kind == "inventory"
        }
        self._choices: dict[tuple[int, str, int], tuple[float, list[Listing], list[float]]] = {}
        self.now_ms = noted["time"] or clock.now_ms()
        for life in (listing_life, plans, transactions):
            life.attach(self)

    # ------------------------------------------------------------------ sellers

    def create_seller(  # noqa: PLR0913  a seller can be made in this many ways
        self,
        profile_key: str,
        *,
        name: str | None = None,
        seed: int | None = None,
        selling_partner_id: str | None = None,
        history: bool = True,
        history_days: int | None = None,
        history_orders: int | None = None,
    ) -> Seller:
        """Create a seller of a profile with its catalogue, stock and history up to now.

        ``history_days`` and ``history_orders`` (exactly so many) replace the profile's, and are written in bulk.

        Raises:
            UnknownThingError: the profile does not exist.
            ValueError: a seller with this selling_partner_id exists already, or an impossible history.
        """
        profile = PROFILES.get(profile_key)
        if profile is None:
            raise UnknownThingError(f"no profile {profile_key!r}: choose one of {', '.join(PROFILES)}")
        profile = profile.with_history(history_days, history_orders)
        with self.lock:
            self.step()
            seller = self._open_account(
                profile.key, profile.region, list(profile.marketplaces), name, seed, selling_partner_id, profile.names
            )
            seller.rate_multipliers = dict(profile.rate_multipliers)
            self.save_seller(seller)
            self._stock_catalogue(seller, profile)
            if history and profile.history_days:
                from infra.simulator.history import write_history  # noqa: PLC0415  history builds on the world
                from infra.simulator.settlements import settle_past  # noqa: PLC0415  as do settlements

                write_history(self, seller, profile)
                settle_past(self, seller)
            self._begin_live(seller)
            self.commit()
            return seller

    def open_empty_account(
        self,
        region: str,
        marketplaces: Sequence[str],
        *,
        name: str,
        seed: int | None = None,
        selling_partner_id: str | None = None,
    ) -> Seller:
        """Create a seller without goods or demand, for imported history."""
        for marketplace_id in marketplaces:
            found = MARKETPLACES.get(marketplace_id)
            if found is None or found.region != region:
                raise UnknownThingError(f"{marketplace_id!r} is no marketplace of region {region!r}")
        with self.lock:
            self.step()
            return self._open_account(
                "imported", region, list(marketplaces), name, seed, selling_partner_id, ("Imported",)
            )

    def _open_account(  # noqa: PLR0913, PLR0917  an account has this many facts
        self,
        profile: str,
        region: str,
        marketplaces: list[str],
        name: str | None,
        seed: int | None,
        selling_partner_id: str | None,
        names: tuple[str, ...],
    ) -> Seller:
        pk = self._next("seller")
        own_seed = entropy.number(self.seed, "seller", pk) if seed is None else seed
        partner = selling_partner_id or "A" + entropy.letters(13, self.seed, pk, own_seed, "partner")
        if partner in self._by_partner:
            raise ValueError(f"seller {partner} exists already: choose another selling_partner_id")
        seller = Seller(
            pk=pk,
            selling_partner_id=partner,
            name=name or names[sum(each.profile == profile for each in self.sellers.values()) % len(names)],
            region=region,
            marketplaces=marketplaces,
            profile=profile,
            seed=own_seed,
            created_ms=self.now_ms,
        )
        self._remember_seller(seller)
        self.save_seller(seller)
        return seller

    def seller(self, selling_partner_id: str) -> Seller:
        """Return a seller by its selling partner id; UnknownThingError when there is none."""
        found = self._by_partner.get(selling_partner_id)
        if found is None:
            raise UnknownThingError(f"no seller {selling_partner_id!r}")
        return found

    def change_seller(
        self, seller: Seller, *, demand: float | None = None, rate_multipliers: dict[str, float] | None = None
    ) -> None:
        """Change how much a seller sells, or the quotas Amazon grants it."""
        with self.lock:
            if demand is not None:
                seller.demand = demand
            if rate_multipliers is not None:
                seller.rate_multipliers = rate_multipliers
            self.save_seller(seller)

    def set_account_status(self, seller: Seller, status: str) -> None:
        """Change an account's health to one of ACCOUNT_STATUSES, and tell: the message does not name the seller."""
        previous, seller.status = seller.status, status
        if previous != status:
            self.save_seller(seller)
            change = {"previousAccountStatus": previous, "currentAccountStatus": status}
            self.notice(seller, "ACCOUNT_STATUS_CHANGED", self.now_ms, {"accountStatusChangeNotification": change})

    def listings_with(self, seller: Seller, sku: str) -> list[Listing]:
        """Return a seller's listings of a SKU, one for each marketplace where it is offered."""
        return self._by_sku.get((seller.pk, sku), [])

    def listings_of(self, seller: Seller, marketplace_id: str) -> list[Listing]:
        """Return a seller's listings in a marketplace, in order of creation."""
        return self._listings_of.get(seller.pk, {}).get(marketplace_id, [])

    def add_listing(  # noqa: PLR0913  a listing has this many facts
        self,
        seller: Seller,
        marketplace_id: str,
        *,
        sku: str,
        asin: str,
        fnsku: str,
        title: str,
        price_minor: int,
        by_amazon: bool = True,
        demand: Demand | None = None,
        batch: int = 0,
        at_ms: int | None = None,
    ) -> Listing:
        """Offer a SKU in a marketplace; ``batch`` is how many units a restock brings (0: never restocked)."""
        listing = Listing(
            pk=self._next("listing"),
            seller=seller.pk,
            marketplace_id=marketplace_id,
            sku=sku,
            asin=asin,
            fnsku=fnsku,
            title=title,
            price_minor=price_minor,
            by_amazon=by_amazon,
            demand=demand,
            batch=batch,
            changed_ms=self.now_ms if at_ms is None else at_ms,
        )
        self._remember_listing(listing)
        self._changed_listings.add(listing.pk)
        return listing

    def _stock_catalogue(self, seller: Seller, profile: Profile) -> None:
        goods = catalogue.products(profile.products, seller.seed)
        chance = entropy.generator(seller.seed, "popularity")
        weights = [chance.lognormvariate(0, 0.9) for _ in goods]
        total = sum(weights)
        for country_id, share in zip(profile.marketplaces, profile.shares.values(), strict=True):
            marketplace = MARKETPLACES[country_id]
            for index, (product, weight) in enumerate(zip(goods, weights, strict=True)):
                rate = profile.orders_per_day * share * weight / total
                self.add_listing(
                    seller,
                    country_id,
                    sku=product.sku,
                    asin=product.asin,
                    fnsku=product.fnsku,
                    title=product.title,
                    price_minor=catalogue.local_price(
                        product.price_cents, marketplace.prices_per_dollar, exponent(marketplace.currency)
                    ),
                    by_amazon=index >= round(len(goods) * profile.merchant_fulfilled_share),
                    demand=Demand.invent(rate, seller.seed, product.sku, country_id),
                    batch=max(20, round(rate * 38)),
                )

    def _begin_live(self, seller: Seller) -> None:
        now = self.now_ms
        for marketplace_id in seller.marketplaces:
            for listing in self.listings_of(seller, marketplace_id):
                if (
                    listing.by_amazon
                    and listing.batch
                    and self.books.balance(seller.pk, accounts.FULFILLABLE, listing.units) == 0
                ):
                    self.books.post(
                        seller.pk, now, accounts.SUPPLIER, accounts.FULFILLABLE, listing.units, listing.batch * 2
                    )
        self.schedule((now // SLOT) * SLOT + SLOT, seller.pk, "demand", 0)
        self.schedule((now // HOUR) * HOUR + HOUR, seller.pk, "noise", 0)
        self.schedule((now // DAY) * DAY + DAY, seller.pk, "restock", 0)
        self.schedule((now // DAY) * DAY + DAY, seller.pk, "listings", 0)
        self.schedule(now, seller.pk, "plan", 0)

    # ------------------------------------------------------------------ time

    def step(self) -> None:
        """Let everything happen that is due by the clock's time, in order of time."""
        with self.lock:
            target = self.clock.now_ms()
            events = self._events
            while events and events[0][0] <= target:
                at, pk, seller_pk, kind, ref, argument = heapq.heappop(events)
                if self._new_events.pop(pk, None) is None:
                    self._done_events.append(pk)
                self.now_ms = max(self.now_ms, at)
                self._happen(at, self.sellers[seller_pk], kind, ref, argument)
            self.now_ms = max(self.now_ms, target)

    def schedule(self, at_ms: int, seller_pk: int, kind: str, ref: int, argument: str = "") -> None:
        """Let something happen at an instant; what is already past happens at the next step."""
        pk = self._next("event")
        event = (at_ms, pk, seller_pk, kind, ref, argument)
        self._new_events[pk] = event
        heapq.heappush(self._events, event)

    def commit(self) -> None:
        """Make the world as it is now survive a crash."""
        with self.lock:
            self.flush()
            self.storage.commit()

    def flush(self) -> None:
        """Write what is still only in memory into the open transaction."""
        connection = self.storage.connection
        self.books.flush()
        self.postings.flush()
        connection.executemany("DELETE FROM events WHERE pk = ?", [(pk,) for pk in self._done_events])
        connection.executemany(
            "INSERT INTO events (at, pk, seller, kind, ref, argument) VALUES (?, ?, ?, ?, ?, ?)",
            self._new_events.values(),
        )
        self._done_events.clear()
        self._new_events.clear()
        connection.executemany(
            "INSERT OR REPLACE INTO listings (pk, seller, document) VALUES (?, ?, ?)",
            [(pk, self.listings[pk].seller, json.dumps(asdict(self.listings[pk]))) for pk in self._changed_listings],
        )
        self._changed_listings.clear()
        self.storage.write_note("world", {**self._numbers, "time": self.now_ms})
        self.storage.write_note("lost_units", self.lost_units)

    def _happen(  # noqa: C901  one line per kind of event
        self, at: int, seller: Seller, kind: str, ref: int, argument: str
    ) -> None:
        match kind:
            case "demand":
                self._demand_slot(seller, at)
            case "place":
                self._place_wanted(seller, at, ref, argument)
            case "move":
                order = self.order_by_pk(ref)
                if State(int(argument)) in lifecycle.LEGAL_MOVES[State(order.state)]:
                    self.move(order, State(int(argument)), at)
            case "inventory":
                self._notices.discard((seller.pk, argument))
                self.observe(InventoryChanged(seller, self.listings[ref], at))
                self._stock_seen(seller, argument, at)
            case "noise":
                self._report_noise(seller, at)
            case "report":
                self.observe(ReportFinished(seller, at, ref))
            case "restock":
                self._restock_all(seller, at)
                self._settle(seller, at)
                self.schedule(at + DAY, seller.pk, "restock", 0)
            case "inbound":
                origin, target, amount = json.loads(argument)
                self._move_stock(seller, self.listings[ref], at, origin, target, amount)
            case "imported":
                self._place_imported(seller, at, json.loads(argument))
            case _:
                # A world on its own, without the API around it, has nobody to make reports.
                if kind in self.handlers:
                    self.handlers[kind](at, seller, ref, argument)

    # ------------------------------------------------------------------ demand

    def wanted(self, seller: Seller, marketplace_id: str, day: date) -> tuple[float, list[Listing], list[float]]:
        """Return the orders expected on a local day, the listings that sell, and their cumulative weights."""
        key = (seller.pk, marketplace_id, day.toordinal())
        found = self._choices.get(key)
        if found is None:
            listings = [each for each in self.listings_of(seller, marketplace_id) if each.demand is not None]
            weights = [
                each.demand.expected(day, promotion(each.demand.seed, day.toordinal()))
                for each in listings
                if each.demand
            ]
            cumulative = list(itertools.accumulate(weights))
            found = (cumulative[-1] if cumulative else 0.0, listings, cumulative)
            if len(self._choices) > 1000:  # noqa: PLR2004  a year of days in one marketplace, then anew
                self._choices.clear()
            self._choices[key] = found
        return found

    def _demand_slot(self, seller: Seller, at: int) -> None:
        self.schedule(at + SLOT, seller.pk, "demand", 0)
        if seller.demand <= 0:
            return
        for marketplace_id in seller.marketplaces:
            local = instant(at).astimezone(MARKETPLACES[marketplace_id].zone)
            mean, listings, cumulative = self.wanted(seller, marketplace_id, local.date())
            if not mean:
                continue
            chance = entropy.generator(self.seed, seller.seed, marketplace_id, "slot", at // SLOT)
            count = poisson(chance, mean * seller.demand * HOURS[local.hour] * SLOT / HOUR)
            for _ in range(count):
                placed = at + SECOND * chance.randrange(SLOT // SECOND)
                listing = listings[min(bisect.bisect(cumulative, chance.random() * mean), len(listings) - 1)]
                self.schedule(placed, seller.pk, "place", listing.pk, str(chance.getrandbits(48)))

    def _place_wanted(self, seller: Seller, at: int, listing_pk: int, argument: str) -> None:
        chance = entropy.generator(argument)
        listing = self.listings[listing_pk]
        basket = self.basket(seller, listing, chance, at)
        available = [
            (each, quantity)
            for each, quantity in basket
            if self.buyable(each) and self.sellable(seller, each) >= quantity
        ]
        if not available:
            for each, quantity in basket:
                self.lost_units[each.pk] = self.lost_units.get(each.pk, 0) + quantity
            return
        self.place(seller, available, at, chance)

    def basket(self, seller: Seller, listing: Listing, chance: Random, at: int) -> list[tuple[Listing, int]]:
        """Return a buyer's basket: mostly one unit of ``listing``, sometimes more, or another product too."""
        roll = chance.random()
        quantity = 1 if roll < 0.88 else 2 if roll < 0.97 else chance.randint(3, 5)  # noqa: PLR2004  shares of baskets
        found = [(listing, quantity)]
        if chance.random() < 0.08:  # noqa: PLR2004  share of baskets with a second product
            local = instant(at).astimezone(MARKETPLACES[listing.marketplace_id].zone)
            mean, listings, cumulative = self.wanted(seller, listing.marketplace_id, local.date())
            if mean:
                other = listings[min(bisect.bisect(cumulative, chance.random() * mean), len(listings) - 1)]
                if other is not listing and other.by_amazon == listing.by_amazon:
                    found.append((other, 1))
        return found

    def sellable(self, seller: Seller, listing: Listing) -> int:
        """Return how many units can be sold now; a merchant-fulfilled listing never runs out."""
        if not listing.by_amazon:
            return 1_000_000 if listing.offered is None else listing.offered
        return self.books.balance(seller.pk, accounts.FULFILLABLE, listing.units)

    def buyable(self, listing: Listing) -> bool:
        """Return whether buyers can order a listing at all: Amazon has not taken it down."""
        return not listing.issue or not listing_life.ISSUES[listing.issue].takes_down

    def listing_changed(self, listing: Listing) -> None:
        """Remember that a listing was changed, so that it is saved."""
        self._changed_listings.add(listing.pk)

    def notice(self, seller: Seller, kind: str, at: int, payload: dict[str, Any]) -> None:
        """Tell the observer something that has a payload of its own."""
        self.observe(Notice(seller, kind, at, payload))

    def _stock_seen(self, seller: Seller, sku: str, at: int) -> None:
        for listing in self.listings_with(seller, sku):
            listing_life.tell_status(self, listing, at)

    # ------------------------------------------------------------------ orders

    def new_order(  # noqa: PLR0913  an order has this many facts
        self,
        seller: Seller,
        *,
        sku: str | None = None,
        quantity: int = 1,
        marketplace_id: str | None = None,
        may_fail: bool = True,
        days_ago: int = 0,
    ) -> Order:
        """Place an order right now, as a buyer would; ``may_fail=False`` for a buyer who keeps what they ordered.

        With ``days_ago`` it was placed so many days ago, and all of its life up to now is told at once.

        Raises:
            UnknownThingError: the seller does not offer the SKU there.
            ValueError: nothing in stock, a quantity below 1, or a day out of range.
        """
        if quantity < 1:
            raise ValueError("quantity must be 1 or more")
        if not 0 <= days_ago <= LONGEST_AGO_DAYS:
            raise ValueError(f"days_ago must be from 0 to {LONGEST_AGO_DAYS}")
        with self.lock:
            self.step()
            places = [marketplace_id] if marketplace_id else seller.marketplaces
            offers = [each for place in places for each in self.listings_of(seller, place) if sku in (None, each.sku)]
            if not offers:
                raise UnknownThingError(f"seller {seller.selling_partner_id} offers no {sku or 'goods'} there")
            chance = entropy.generator(self.seed, "now", self._numbers["order"])
            stocked = [each for each in offers if self.sellable(seller, each) >= quantity]
            if not stocked:
                raise ValueError(f"not {quantity} in stock: restock first or order less")
            at = self.now_ms - days_ago * DAY
            order = self.place(seller, [(chance.choice(stocked), quantity)], at, chance, may_fail=may_fail)
            if not days_ago:
                return order
            self.step()
            return self.order_by_pk(order.pk)

    def place(
        self, seller: Seller, basket: Sequence[tuple[Listing, int]], at: int, chance: Random, *, may_fail: bool = True
    ) -> Order:
        """Record an order of listings and quantities of one marketplace, reserve its stock, and plan its life."""
        at = at // SECOND * SECOND
        first = basket[0][0]
        lines = [self.priced_line(listing, quantity, at, chance) for listing, quantity in basket]
        flags = (BUSINESS if chance.random() < 0.06 else 0) | (PRIME if chance.random() < 0.7 else 0)  # noqa: PLR2004  shares
        order = self._record(seller, first.marketplace_id, at, by_amazon=first.by_amazon, flags=flags, lines=lines)
        life = lifecycle.plan(chance, at, by_amazon=first.by_amazon, lines=len(lines), may_fail=may_fail)
        for moment, state in life:
            self.schedule(moment, seller.pk, "move", order.pk, str(int(state)))
        return order

    def priced_line(
        self, listing: Listing, quantity: int, at: int, chance: Random
    ) -> tuple[int, int, int, int, int, int]:
        """Return (listing, quantity, item, tax, shipping, discount) in minor units at today's price and promotion."""
        marketplace = MARKETPLACES[listing.marketplace_id]
        item = listing.price_minor * quantity
        discount = 0
        if listing.demand is not None:
            discount = round(item * promotion(listing.demand.seed, instant(at).date().toordinal()))
        shipping = 0
        if not listing.by_amazon:
            shipping = catalogue.local_price(499, marketplace.prices_per_dollar, exponent(marketplace.currency))
        tax = round((item - discount + shipping) * marketplace.tax_rate) if chance.random() < 0.9 else 0  # noqa: PLR2004  some states tax nothing
        return listing.pk, quantity, item, tax, shipping, discount

    def _record(  # noqa: PLR0913  an order has this many facts
        self,
        seller: Seller,
        marketplace_id: str,
        at: int,
        *,
        by_amazon: bool,
        flags: int,
        lines: Iterable[tuple[int, int, int, int, int, int]],
        note: str | None = None,
    ) -> Order:
        pk = self._next("order")
        order = Order(
            pk, seller.pk, self.order_id(pk, seller.region), marketplace_id, at, at, State.PENDING, int(by_amazon), 0,
            flags,
            None, None, note,
        )  # fmt: skip
        rows = tuple(
            Line(pk, position, listing, quantity, 0, 0, item, tax, shipping, discount)
            for position, (listing, quantity, item, tax, shipping, discount) in enumerate(lines, 1)
        )
        self.insert_orders([order], rows)
        for line in rows:
            listing = self.listings[line.listing]
            if by_amazon:
                self._move_stock(seller, listing, at, accounts.FULFILLABLE, accounts.RESERVED_CUSTOMER, line.quantity)
            else:
                listing_life.use_up(self, listing, line.quantity, at)
        self.observe(OrderChanged(seller, order, rows, "OrderStatusChange", "New order"))
        return order

    def insert_orders(self, orders: Sequence[Order], lines: Iterable[Line]) -> None:
        """Store orders and lines as they are; the caller posts what they mean for stock and money."""
        connection = self.storage.connection
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", orders)
        connection.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)

    def order_by_pk(self, pk: int) -> Order:
        """Return an order by its number; UnknownThingError when there is none."""
        row = self.storage.connection.execute("SELECT * FROM orders WHERE pk = ?", (pk,)).fetchone()
        if row is None:
            raise UnknownThingError(f"no order number {pk}")
        return Order._make(row)

    def order(self, seller: Seller, order_id: str) -> Order:
        """Return a seller's order by Amazon's order id; UnknownThingError when it has none such."""
        row = self.storage.connection.execute(
            "SELECT * FROM orders WHERE order_id = ? AND seller = ?", (order_id, seller.pk)
        ).fetchone()
        if row is None:
            raise UnknownThingError(f"seller {seller.selling_partner_id} has no order {order_id!r}")
        return Order._make(row)

    def lines(self, order_pk: int) -> tuple[Line, ...]:
        """Return an order's lines in their order."""
        rows = self.storage.connection.execute("SELECT * FROM lines WHERE order_pk = ? ORDER BY position", (order_pk,))
        return tuple(Line._make(row) for row in rows)

    def lines_of(self, orders: Sequence[Order]) -> dict[int, list[Line]]:
        """Return the lines of many orders by order number."""
        found: dict[int, list[Line]] = {each.pk: [] for each in orders}
        marks = ",".join("?" * len(orders))
        for row in self.storage.connection.execute(
            f"SELECT * FROM lines WHERE order_pk IN ({marks}) ORDER BY order_pk, position",  # noqa: S608  only question marks
            list(found),
        ):
            found[row[0]].append(Line._make(row))
        return found

    def advance_order(self, seller: Seller, order_id: str, to: str | None = None) -> Order:
        """Move an order on now: to the next state, or through the states that lead to ``to``.

        Raises:
            UnknownThingError: no such order or state.
            IllegalMoveError: the order cannot get there any more.
        """
        with self.lock:
            self.step()
            order = self.order(seller, order_id)
            current = State(order.state)
            if to is None:
                if current not in lifecycle.NEXT:
                    raise IllegalMoveError(f"order {order_id} is {current.name}: its life is over")
                return self.move(order, lifecycle.NEXT[current], self.now_ms)
            if to not in State.__members__:
                raise UnknownThingError(f"no state {to!r}: choose one of {', '.join(State.__members__)}")
            target = State[to]
            while current != target:
                if target in lifecycle.LEGAL_MOVES[current]:
                    following = target
                else:
                    following = lifecycle.NEXT.get(current, current)
                    if following == current or (target == State.CANCELLED and current != State.PENDING):
                        raise IllegalMoveError(f"order {order_id} is {current.name}: it cannot become {to}")
                order = self.move(order, following, self.now_ms)
                current = State(order.state)
            return order

    def move(self, order: Order, target: State, at: int) -> Order:
        """Move an order to a state that is legal now, post what that means, and tell the observer."""
        current = State(order.state)
        if target not in lifecycle.LEGAL_MOVES[current]:
            raise IllegalMoveError(f"order {order.order_id} is {current.name}: it cannot become {target.name}")
        seller = self.sellers[order.seller]
        lines = self.lines(order.pk)
        # Amazon's instants are whole seconds, and an order's next update is later than its last.
        updated = max(at // SECOND * SECOND, order.updated + SECOND)
        change_type, reason = "OrderStatusChange", target.name.replace("_", " ").capitalize()
        moved = order._replace(state=target, updated=updated)
        match target:
            case State.UNSHIPPED:
                moved = moved._replace(priced=1)
            case State.CANCELLED:
                if current == State.UNSHIPPED:
                    change_type, reason = "BuyerRequestedChange", "Buyer Requested Cancel"
                    moved = moved._replace(note="BUYER")
                self._unreserve(seller, order, lines, updated)
            case State.PARTIALLY_SHIPPED:
                self._ship(seller, order, first_parcel(lines), updated)
                moved = moved._replace(shipped_at=updated)
            case State.SHIPPED:
                self._ship(seller, order, last_parcel(lines), updated)
                moved = moved._replace(shipped_at=order.shipped_at or updated)
            case State.DELIVERED:
                moved = moved._replace(delivered_at=updated)
            case State.REFUNDED:
                self._refund(seller, order, lines, updated)
            case State.RETURNED:
                self._return(seller, order, lines, updated)
        self.storage.connection.execute(
            "UPDATE orders SET updated = ?, state = ?, priced = ?, shipped_at = ?, delivered_at = ?, note = ? "
            "WHERE pk = ?",
            (moved.updated, int(moved.state), moved.priced, moved.shipped_at, moved.delivered_at, moved.note, moved.pk),
        )
        self.observe(OrderChanged(seller, moved, self.lines(order.pk), change_type, reason))
        return moved

    def order_id(self, pk: int, region: str) -> str:
        """Return Amazon's 3-7-7 order id of an order number: scattered, but never the same twice."""
        scattered = (pk * 61_803_398_874_989 + self.seed % 10**14) % 10**14
        prefix = {"na": 111, "eu": 302, "fe": 249}[region] + scattered % 4
        return f"{prefix}-{scattered // 10**7:07d}-{scattered % 10**7:07d}"

    # ------------------------------------------------------------------ what moves mean for stock and money

    def _unreserve(self, seller: Seller, order: Order, lines: Sequence[Line], at: int) -> None:
        for line in lines:
            listing = self.listings[line.listing]
            if order.by_amazon:
                self._move_stock(seller, listing, at, accounts.RESERVED_CUSTOMER, accounts.FULFILLABLE, line.quantity)
            else:
                listing_life.use_up(self, listing, -line.quantity, at)

    def _ship(self, seller: Seller, order: Order, lines: Sequence[Line], at: int) -> None:
        if order.by_amazon:
            for line in lines:
                self._move_stock(
                    seller,
                    self.listings[line.listing],
                    at,
                    accounts.RESERVED_CUSTOMER,
                    accounts.CUSTOMERS,
                    line.quantity,
                )
        self.post_sale(seller, at, MARKETPLACES[order.marketplace_id].currency, lines, by_amazon=bool(order.by_amazon))
        self.storage.connection.executemany(
            "UPDATE lines SET shipped = quantity WHERE order_pk = ? AND position = ?",
            [(line.order_pk, line.position) for line in lines],
        )

    def post_sale(self, seller: Seller, at: int, currency: str, lines: Sequence[Line], *, by_amazon: bool) -> None:
        """Post the money of shipped lines of one order: sales, shipping, tax, discount and Amazon's fees."""
        post, pk = self.books.post, seller.pk
        for each in lines:
            net = sale_net(each, by_amazon=by_amazon)
            self.postings.add(pk, at, Kind.SHIPMENT, currency, each.order_pk, each.position, net)
        if lines:
            transactions.announce(self, seller, Kind.SHIPMENT, lines[0].order_pk, at)
        post(pk, at, accounts.SALES, accounts.BALANCE, currency, sum([each.item_minor for each in lines]))
        post(pk, at, accounts.SHIPPING_INCOME, accounts.BALANCE, currency, sum([each.shipping_minor for each in lines]))
        post(pk, at, accounts.TAX_COLLECTED, accounts.TAX_WITHHELD, currency, sum([each.tax_minor for each in lines]))
        post(pk, at, accounts.BALANCE, accounts.DISCOUNTS, currency, sum([each.discount_minor for each in lines]))
        post(pk, at, accounts.BALANCE, accounts.REFERRAL_FEES, currency, sum([referral_fee(each) for each in lines]))
        if by_amazon:
            post(
                pk,
                at,
                accounts.BALANCE,
                accounts.FULFILMENT_FEES,
                currency,
                sum([fulfilment_fee(each) for each in lines]),
            )

    def _refund(self, seller: Seller, order: Order, lines: Sequence[Line], at: int) -> None:
        currency = MARKETPLACES[order.marketplace_id].currency
        for line in lines:
            self.post_refund(seller, at, currency, line)

    def post_refund(self, seller: Seller, at: int, currency: str, line: Line) -> None:
        """Post a refunded line's money: price less discount, and its tax, go back to the buyer."""
        self.postings.add(
            seller.pk,
            at,
            Kind.REFUND,
            currency,
            line.order_pk,
            line.position,
            -max(0, line.item_minor - line.discount_minor),
        )
        self.books.post(
            seller.pk, at, accounts.BALANCE, accounts.REFUNDS, currency, max(0, line.item_minor - line.discount_minor)
        )
        self.books.post(seller.pk, at, accounts.TAX_WITHHELD, accounts.TAX_COLLECTED, currency, line.tax_minor)
        if line.position == 1:
            transactions.announce(self, seller, Kind.REFUND, line.order_pk, at)

    def _return(self, seller: Seller, order: Order, lines: Sequence[Line], at: int) -> None:
        for line in lines:
            if order.by_amazon:
                target = accounts.UNFULFILLABLE_CUSTOMER if returns_damaged(self.seed, line) else accounts.FULFILLABLE
                self._move_stock(seller, self.listings[line.listing], at, accounts.CUSTOMERS, target, line.quantity)
        self.storage.connection.execute("UPDATE lines SET returned = quantity WHERE order_pk = ?", (order.pk,))

    def _move_stock(  # noqa: PLR0913, PLR0917  as Books.post
        self, seller: Seller, listing: Listing, at: int, origin: str, target: str, amount: int
    ) -> None:
        self.books.post(seller.pk, at, origin, target, listing.units, amount)
        # Amazon's startDateTime does not see changes that are only inbound.
        if not {origin, target} <= accounts.UNDETECTED:
            listing.changed_ms = max(listing.changed_ms, at)
        self._changed_listings.add(listing.pk)
        key = (seller.pk, listing.sku)
        if key not in self._notices:
            self._notices.add(key)
            self.schedule(at + _INVENTORY_NOTICE_DELAY, seller.pk, "inventory", listing.pk, listing.sku)

    # ------------------------------------------------------------------ supply, settlement, noise

    def _restock_all(self, seller: Seller, at: int) -> None:
        for marketplace_id in seller.marketplaces:
            for listing in self.listings_of(seller, marketplace_id):
                if not listing.by_amazon or not listing.batch:
                    continue
                held = sum(self.books.balance(seller.pk, account, listing.units) for account in accounts.SUPPLY)
                if held < listing.batch * 0.55:
                    self._order_restock(seller, listing, at)

    def _order_restock(self, seller: Seller, listing: Listing, at: int) -> None:
        chance = entropy.generator(self.seed, seller.seed, listing.pk, "restock", at // DAY)
        self._move_stock(seller, listing, at, accounts.SUPPLIER, accounts.INBOUND_WORKING, listing.batch)
        steps = shipments.with_missing(self, seller, listing, at, inbound_plan(chance, at, listing.batch))
        shipments.record(self, seller, listing, at, steps, listing.batch)
        for moment, origin, target, amount in steps:
            self.schedule(moment, seller.pk, "inbound", listing.pk, json.dumps([origin, target, amount]))

    def send_shipment(self, seller: Seller, listing: Listing, quantity: int, missing: int) -> shipments.Restock:
        """Let a seller have sent ``quantity`` units to Amazon, which counted in all but ``missing`` and closed it.

        Raises ValueError when there are not more than 0 units, or not as many missing.
        """
        if not 0 <= missing <= quantity or not quantity:
            raise ValueError("quantity: 1 or more; missing: 0 to quantity")
        with self.lock:
            self.step()
            steps = shipments.counted_in(self.now_ms, quantity, missing)
            self._move_stock(seller, listing, self.now_ms, accounts.SUPPLIER, accounts.FULFILLABLE, quantity - missing)
            self._move_stock(seller, listing, self.now_ms, accounts.SUPPLIER, accounts.LOST_INBOUND, missing)
            return shipments.record(self, seller, listing, shipments.begun(steps), steps, quantity)

    def _settle_again(self, at: int, seller: Seller, ref: int, argument: str) -> None:
        self._settle(seller, at)
        self.schedule(at + DAY, seller.pk, "settle", ref, argument)

    def _settle(self, seller: Seller, at: int) -> None:
        from infra.simulator.settlements import settle_due  # noqa: PLC0415  settlements build on the world

        settle_due(self, seller, at)

    def _report_noise(self, seller: Seller, at: int) -> None:
        self.schedule(at + HOUR, seller.pk, "noise", 0)
        chance = entropy.generator(self.seed, seller.seed, "noise", at // HOUR)
        for _ in range(poisson(chance, _REPORT_NOISE_PER_DAY / 24)):
            self.schedule(at + SECOND * chance.randrange(3600), seller.pk, "report", chance.getrandbits(36))

    def keep_settling(self, seller: Seller) -> None:
        """Let an account that has no goods of its own be settled too, as the others are."""
        known = {kind for _, _, seller_pk, kind, _, _ in self._events if seller_pk == seller.pk}
        if not known & {"restock", "settle"}:
            self.schedule((self.now_ms // DAY) * DAY + DAY, seller.pk, "settle", 0)

    # ------------------------------------------------------------------ imported orders

    def _place_imported(self, seller: Seller, at: int, document: dict[str, Any]) -> None:
        lines = [(each[0], each[1], each[2], each[3], each[4], each[5]) for each in document["lines"]]
        for listing_pk, quantity, *_ in lines:
            # Real sales never ran out of stock: what was sold had been delivered that day.
            self._move_stock(seller, self.listings[listing_pk], at, accounts.SUPPLIER, accounts.FULFILLABLE, quantity)
        note = f"imported:{document['name']}"
        order = self._record(
            seller, str(document["marketplace_id"]), at, by_amazon=True, flags=0, lines=lines, note=note
        )
        chance = entropy.generator(self.seed, "imported", order.pk)
        for moment, state in lifecycle.plan(chance, at, by_amazon=True, lines=len(lines), may_fail=False):
            self.schedule(moment, seller.pk, "move", order.pk, str(int(state)))

    # ------------------------------------------------------------------ bookkeeping of the world itself

    def take_numbers(self, kind: str, count: int) -> range:
        """Reserve ``count`` consecutive numbers for orders built in bulk."""
        first = self._numbers[kind] + 1
        self._numbers[kind] += count
        return range(first, first + count)

    def _next(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def _remember_seller(self, seller: Seller) -> None:
        self.sellers[seller.pk] = seller
        self._by_partner[seller.selling_partner_id] = seller

    def save_seller(self, seller: Seller) -> None:
        """Write down a seller as it is now."""
        self.storage.connection.execute(
            "INSERT OR REPLACE INTO sellers (pk, document) VALUES (?, ?)", (seller.pk, json.dumps(asdict(seller)))
        )

    def _remember_listing(self, listing: Listing) -> None:
        self.listings[listing.pk] = listing
        self._listings_of.setdefault(listing.seller, {}).setdefault(listing.marketplace_id, []).append(listing)
        self._by_sku.setdefault((listing.seller, listing.sku), []).append(listing)

    def pending_events(self) -> int:
        """Return how many things are planned."""
        return len(self._events)

    def next_event_ms(self) -> int | None:
        """Return when the next thing that is planned happens, or None when nothing is."""
        return self._events[0][0] if self._events else None

    def imported_ahead(self, seller: Seller) -> Iterator[int]:
        """Yield the instants of imported orders that the clock has not released yet."""
        return (at for at, _, seller_pk, kind, _, _ in self._events if kind == "imported" and seller_pk == seller.pk)


def first_parcel(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that leave first when an order is shipped in two parcels."""
    return [line for line in lines if line.quantity][:1]


def last_parcel(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that leave with the last parcel: whatever has not left, and lines without units."""
    return [line for line in lines if line.shipped < line.quantity or not line.quantity]


def returns_damaged(seed: int, line: Line) -> bool:
    """Return whether a line, should it come back, comes back damaged."""
    return entropy.fraction(seed, line.order_pk, line.position, "damaged") < 0.3  # noqa: PLR2004  share of returns


def referral_fee(line: Line) -> int:
    """Return Amazon's referral fee of a line: 15 % of what the buyer pays for it, in minor units."""
    return max(0, round((line.item_minor - line.discount_minor + line.shipping_minor) * 0.15))


def fulfilment_fee(line: Line) -> int:
    """Return Amazon's fulfilment fee of a line, never more than half its price, in minor units."""
    return min(line.item_minor // 2, 350 * line.quantity)


def sale_net(line: Line, *, by_amazon: bool) -> int:
    """Return what a shipped line adds to what Amazon owes the seller, in minor units (Amazon keeps the tax)."""
    earned = line.item_minor + line.shipping_minor - line.discount_minor - referral_fee(line)
    return earned - fulfilment_fee(line) if by_amazon else earned


def inbound_plan(chance: Random, at: int, batch: int) -> list[tuple[int, str, str, int]]:
    """Return how a shipment of ``batch`` units reaches the shelf: (instant, from account, to account, units)."""
    shipped = at + HOUR * chance.randint(12, 60)
    arrived = shipped + DAY * chance.randint(4, 16)
    # Now and then a shipment is late, which is how listings run out of stock.
    if chance.random() < 0.12:  # noqa: PLR2004  share of late shipments
        arrived += DAY * chance.randint(8, 20)
    first = batch * chance.randint(50, 80) // 100
    transfer = batch * chance.randint(0, 10) // 100
    damaged = 1 if chance.random() < 0.1 else 0  # noqa: PLR2004  share of shipments with a damaged unit
    rest = batch - first - transfer - damaged
    steps = [
        (shipped, accounts.INBOUND_WORKING, accounts.INBOUND_SHIPPED, batch),
        (arrived, accounts.INBOUND_SHIPPED, accounts.INBOUND_RECEIVING, batch),
        (arrived + HOUR * chance.randint(4, 30), accounts.INBOUND_RECEIVING, accounts.FULFILLABLE, first),
        (arrived + HOUR * chance.randint(31, 40), accounts.INBOUND_RECEIVING, accounts.RESERVED_TRANSFER, transfer),
        (
            arrived + HOUR * chance.randint(41, 50),
            accounts.INBOUND_RECEIVING,
            accounts.UNFULFILLABLE_WAREHOUSE,
            damaged,
        ),
        (arrived + HOUR * chance.randint(51, 70), accounts.INBOUND_RECEIVING, accounts.FULFILLABLE, rest),
        (arrived + HOUR * chance.randint(90, 140), accounts.RESERVED_TRANSFER, accounts.FULFILLABLE, transfer),
    ]
    return [step for step in steps if step[3] > 0]


def local_midnight(day: date, marketplace_id: str) -> int:
    """Return the epoch milliseconds at which a marketplace's day begins."""
    zone = MARKETPLACES[marketplace_id].zone
    at = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return round(at.timestamp() * 1000)


def local_day(at_ms: int, marketplace_id: str) -> date:
    """Return the marketplace's own day of an instant."""
    return instant(at_ms).astimezone(MARKETPLACES[marketplace_id].zone).date()


def days_before(day: date, count: int) -> list[date]:
    """Return the ``count`` days before ``day``, oldest first."""
    return [day - timedelta(days=number) for number in range(count, 0, -1)]

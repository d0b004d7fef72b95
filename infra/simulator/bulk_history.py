"""A long past, written fast: orders whose life is over, with their money to the line and their stock in sums.

Unlike ``history.Writer`` it knows no empty shelf: what was sold had been delivered in time, as with imported orders.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

from infra.simulator import books as accounts
from infra.simulator import catalogue, lifecycle
from infra.simulator.clock import DAY, SECOND
from infra.simulator.demand import promotion
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import exponent
from infra.simulator.postings import Kind
from infra.simulator.world import (
    BUSINESS,
    PRIME,
    Line,
    Listing,
    Order,
    Seller,
    World,
    first_parcel,
    fulfilment_fee,
    last_parcel,
    referral_fee,
    returns_damaged,
)

# From an order to the last thing that can happen to it: 39 days (``lifecycle.plan``), and some to spare.
LIFE_DAYS = 42
_CHUNK = 10_000
_STOCK_PERIOD_DAYS = 28
_STOCK_PERIOD_MS = _STOCK_PERIOD_DAYS * DAY
_MONEY = (
    (accounts.SALES, accounts.BALANCE),
    (accounts.SHIPPING_INCOME, accounts.BALANCE),
    (accounts.TAX_COLLECTED, accounts.TAX_WITHHELD),
    (accounts.BALANCE, accounts.DISCOUNTS),
    (accounts.BALANCE, accounts.REFERRAL_FEES),
    (accounts.BALANCE, accounts.FULFILMENT_FEES),
    (accounts.BALANCE, accounts.REFUNDS),
    (accounts.TAX_WITHHELD, accounts.TAX_COLLECTED),
)
_EPOCH_ORDINAL = 719_163  # 1970-01-01


class BulkWriter:
    """Writes whole days of past orders, every one older than ``LIFE_DAYS``."""

    def __init__(self, world: World, seller: Seller) -> None:
        self._world = world
        self._seller = seller
        self._orders: list[Order] = []
        self._lines: list[Line] = []
        # Per day and currency the sums of _MONEY; per four weeks, listing and movement the units.
        self._money: dict[tuple[int, str], list[int]] = {}
        self._stock: Counter[tuple[int, int, str, str]] = Counter()
        self._discounts: dict[tuple[int, int], float] = {}
        self.count = 0

    def place(  # noqa: PLR0913, PLR0917  a day of orders is described by this many facts
        self,
        marketplace_id: str,
        listings: Sequence[Listing],
        cumulative: Sequence[float],
        midnight: int,
        hours: Sequence[int],
        chance: Random,
    ) -> None:
        """Place one order per hour of ``hours`` on the day that begins at ``midnight``, oldest first."""
        count, roll = len(hours), chance.random
        times = sorted(midnight + hour * 3_600_000 + int(roll() * 3600) * SECOND for hour in hours)
        chosen = chance.choices(listings, cum_weights=cumulative, k=count)
        numbers = self._world.take_numbers("order", count)
        for pk, at, listing in zip(numbers, times, chosen, strict=True):
            share = roll()
            quantity = 1 if share < 0.88 else 2 if share < 0.97 else 3 + int(roll() * 3)  # noqa: PLR2004  as World.basket
            basket = [(listing, quantity)]
            if roll() < 0.08:  # noqa: PLR2004  share of baskets with a second product
                (other,) = chance.choices(listings, cum_weights=cumulative)
                if other is not listing and other.by_amazon == listing.by_amazon:
                    basket.append((other, 1))
            flags = (BUSINESS if roll() < 0.06 else 0) | (PRIME if roll() < 0.7 else 0)  # noqa: PLR2004  as World.place
            lines = [
                self._line(pk, position, each, units, at, roll())
                for position, (each, units) in enumerate(basket, 1)
            ]  # fmt: skip
            self._live(pk, marketplace_id, at, flags, lines, chance, by_amazon=listing.by_amazon)
        if len(self._orders) >= _CHUNK:
            self._write()

    def finish(self) -> None:
        """Store the rest and post what all of it means."""
        self._write()
        post, seller = self._world.books.post, self._seller.pk
        for (day, listing, origin, target), units in self._stock.items():
            post(seller, day * DAY, origin, target, self._world.listings[listing].units, units)
        for (day, currency), sums in self._money.items():
            for (origin, target), amount in zip(_MONEY, sums, strict=True):
                post(seller, day * DAY, origin, target, currency, amount)
        self._stock.clear()
        self._money.clear()
        self._world.books.flush()

    def _line(  # noqa: PLR0913, PLR0917  a line has this many facts
        self, pk: int, position: int, listing: Listing, quantity: int, at: int, luck: float
    ) -> Line:
        # The prices of World.priced_line, with the day's promotion remembered.
        marketplace = MARKETPLACES[listing.marketplace_id]
        item = listing.price_minor * quantity
        key = (listing.pk, at // DAY)
        share = self._discounts.get(key)
        if share is None:
            share = promotion(listing.demand.seed, at // DAY + _EPOCH_ORDINAL) if listing.demand else 0.0
            self._discounts[key] = share
        discount = round(item * share)
        shipping = 0
        if not listing.by_amazon:
            shipping = catalogue.local_price(499, marketplace.prices_per_dollar, exponent(marketplace.currency))
        tax = round((item - discount + shipping) * marketplace.tax_rate) if luck < 0.9 else 0  # noqa: PLR2004  some states tax nothing
        return Line(pk, position, listing.pk, quantity, 0, 0, item, tax, shipping, discount)

    def _live(  # noqa: C901, PLR0913, PLR0917  an order has this many facts and moves
        self,
        pk: int,
        marketplace_id: str,
        at: int,
        flags: int,
        lines: list[Line],
        chance: Random,
        *,
        by_amazon: bool,
    ) -> None:
        state, updated, priced = State.PENDING, at, 0
        shipped_at: int | None = None
        delivered_at: int | None = None
        note: str | None = None
        currency = MARKETPLACES[marketplace_id].currency
        for moment, target in lifecycle.plan(chance, at, by_amazon=by_amazon, lines=len(lines)):
            match target:
                case State.UNSHIPPED:
                    priced = 1
                case State.CANCELLED:
                    note = "BUYER" if state == State.UNSHIPPED else None
                case State.PARTIALLY_SHIPPED | State.SHIPPED:
                    shipped_at = shipped_at or moment
                    parcel = first_parcel(lines) if target == State.PARTIALLY_SHIPPED else last_parcel(lines)
                    for line in parcel:
                        self._sell(line, moment, currency, by_amazon=by_amazon)
                        lines[line.position - 1] = line._replace(shipped=line.quantity)
                case State.DELIVERED:
                    delivered_at = moment
                case State.REFUNDED:
                    for line in lines:
                        self._refund(line, moment, currency)
                case State.RETURNED:
                    for index, line in enumerate(lines):
                        if by_amazon:
                            damaged = returns_damaged(self._world.seed, line)
                            into = accounts.UNFULFILLABLE_CUSTOMER if damaged else accounts.FULFILLABLE
                            self._move(line, moment, accounts.CUSTOMERS, into)
                        lines[index] = line._replace(returned=line.quantity)
            state, updated = target, moment
        self._orders.append(
            Order(
                pk, self._seller.pk, self._world.order_id(pk, self._seller.region), marketplace_id, at, updated,
                int(state), int(by_amazon), priced, flags, shipped_at, delivered_at, note,
            )
        )  # fmt: skip
        self._lines += lines
        self.count += 1

    def _sums(self, at: int, currency: str) -> list[int]:
        key = (at // DAY, currency)
        found = self._money.get(key)
        if found is None:
            found = self._money[key] = [0] * len(_MONEY)
        return found

    def _sell(self, line: Line, at: int, currency: str, *, by_amazon: bool) -> None:
        sums = self._sums(at, currency)
        referral = referral_fee(line)
        fulfilment = fulfilment_fee(line) if by_amazon else 0
        sums[0] += line.item_minor
        sums[1] += line.shipping_minor
        sums[2] += line.tax_minor
        sums[3] += line.discount_minor
        sums[4] += referral
        sums[5] += fulfilment
        net = line.item_minor + line.shipping_minor - line.discount_minor - referral - fulfilment
        self._world.postings.add(self._seller.pk, at, Kind.SHIPMENT, currency, line.order_pk, line.position, net)
        if by_amazon:
            self._move(line, at, accounts.SUPPLIER, accounts.CUSTOMERS)

    def _refund(self, line: Line, at: int, currency: str) -> None:
        sums = self._sums(at, currency)
        back = max(0, line.item_minor - line.discount_minor)
        sums[6] += back
        sums[7] += line.tax_minor
        self._world.postings.add(self._seller.pk, at, Kind.REFUND, currency, line.order_pk, line.position, -back)

    def _move(self, line: Line, at: int, origin: str, target: str) -> None:
        # Stock is kept per listing and four weeks: per day it would be as many rows as orders.
        day = at // _STOCK_PERIOD_MS * _STOCK_PERIOD_DAYS
        self._stock[day, line.listing, origin, target] += line.quantity

    def _write(self) -> None:
        self._world.insert_orders(self._orders, self._lines)
        self._world.postings.flush()
        self._orders.clear()
        self._lines.clear()

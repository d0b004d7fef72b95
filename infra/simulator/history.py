"""A seller's past, written in one go: the same demand, stock and life cycle as the live world, but in bulk."""

import bisect
import heapq
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from infra.simulator import books as accounts
from infra.simulator import entropy, lifecycle
from infra.simulator.bulk_history import LIFE_DAYS, BulkWriter
from infra.simulator.clock import DAY, MINUTE, SECOND, instant
from infra.simulator.demand import HOURS, poisson
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.shipments import record, with_missing
from infra.simulator.world import (
    BUSINESS,
    PRIME,
    Line,
    Listing,
    Order,
    Seller,
    World,
    first_parcel,
    inbound_plan,
    last_parcel,
    local_midnight,
    returns_damaged,
)

if TYPE_CHECKING:
    from datetime import date

    from infra.simulator.profiles import Profile

_CHUNK = 5000
_STOCK_TRIES = 8


class Writer:
    """Places past orders in order of time and posts them; what lies in the future it schedules."""

    def __init__(self, world: World, seller: Seller, now: int) -> None:
        self.world = world
        self.seller = seller
        self.now = now
        self.orders: list[Order] = []
        self.lines: list[Line] = []
        self.count = 0
        # Moves of stock that happen between two orders: (instant, number, listing, from, to, units).
        self._later: list[tuple[int, int, Listing, str, str, int]] = []
        self._number = 0

    def stock(self, at: int, listing: Listing, origin: str, target: str, units: int) -> None:
        """Post a movement of stock at its instant: now if it is past, with the live world if it lies ahead."""
        self._number += 1
        heapq.heappush(self._later, (at, self._number, listing, origin, target, units))

    def catch_up(self, at: int) -> None:
        """Post all stock movements up to an instant."""
        later, post, seller = self._later, self.world.books.post, self.seller.pk
        while later and later[0][0] <= at:
            moment, _, listing, origin, target, units = heapq.heappop(later)
            post(seller, moment, origin, target, listing.units, units)
            listing.changed_ms = moment

    def place(self, listing: Listing, at: int, chance: Random, *, exact: bool) -> None:
        """Place one past order of a listing, if it is in stock then."""
        world, seller = self.world, self.seller
        basket = [
            (each, quantity)
            for each, quantity in world.basket(seller, listing, chance, at)
            if world.sellable(seller, each) >= quantity
        ]
        if not basket:
            world.lost_units[listing.pk] = world.lost_units.get(listing.pk, 0) + 1
            if not exact:
                return
            basket = [(self._substitute(listing, chance, at), 1)]
        by_amazon = basket[0][0].by_amazon
        moves = lifecycle.plan(chance, at, by_amazon=by_amazon, lines=len(basket))
        (pk,) = world.take_numbers("order", 1)
        lines = [
            Line(pk, position, line[0], line[1], 0, 0, *line[2:])
            for position, line in enumerate(
                (world.priced_line(each, quantity, at, chance) for each, quantity in basket), 1
            )
        ]
        if by_amazon:
            for line in lines:
                world.books.post(
                    seller.pk, at, accounts.FULFILLABLE, accounts.RESERVED_CUSTOMER, world.listings[line.listing].units,
                    line.quantity,
                )  # fmt: skip
        flags = (BUSINESS if chance.random() < 0.06 else 0) | (PRIME if chance.random() < 0.7 else 0)  # noqa: PLR2004  shares
        self.live_through(pk, listing.marketplace_id, at, flags, lines, moves, by_amazon=by_amazon)

    def live_through(  # noqa: C901, PLR0913, PLR0917  an order has this many facts and moves
        self,
        pk: int,
        marketplace_id: str,
        at: int,
        flags: int,
        lines: list[Line],
        moves: list[tuple[int, State]],
        *,
        by_amazon: bool,
        note: str | None = None,
    ) -> None:
        """Let an order live its planned life: what is past is posted and stored, what lies ahead is scheduled."""
        world, seller = self.world, self.seller
        currency = MARKETPLACES[marketplace_id].currency
        state, updated, priced = State.PENDING, at, 0
        shipped_at: int | None = None
        delivered_at: int | None = None
        for moment, target in moves:
            if moment > self.now:
                world.schedule(moment, seller.pk, "move", pk, str(int(target)))
                continue
            moving = first_parcel(lines) if target == State.PARTIALLY_SHIPPED else last_parcel(lines)
            match target:
                case State.UNSHIPPED:
                    priced = 1
                case State.CANCELLED:
                    note = "BUYER" if state == State.UNSHIPPED else note
                    self._stock_lines(
                        moment, lines, accounts.RESERVED_CUSTOMER, accounts.FULFILLABLE, by_amazon=by_amazon
                    )
                case State.PARTIALLY_SHIPPED | State.SHIPPED:
                    shipped_at = shipped_at or moment
                    self._stock_lines(
                        moment, moving, accounts.RESERVED_CUSTOMER, accounts.CUSTOMERS, by_amazon=by_amazon
                    )
                    world.post_sale(seller, moment, currency, moving, by_amazon=by_amazon)
                    for line in moving:
                        lines[line.position - 1] = line._replace(shipped=line.quantity)
                case State.DELIVERED:
                    delivered_at = moment
                case State.REFUNDED:
                    for line in lines:
                        world.post_refund(seller, moment, currency, line)
                case State.RETURNED:
                    for index, line in enumerate(lines):
                        damaged = returns_damaged(world.seed, line)
                        into = accounts.UNFULFILLABLE_CUSTOMER if damaged else accounts.FULFILLABLE
                        self._stock_lines(moment, [line], accounts.CUSTOMERS, into, by_amazon=by_amazon)
                        lines[index] = line._replace(returned=line.quantity)
            state, updated = target, moment
        order_id = world.order_id(pk, seller.region)
        order = Order(
            pk, seller.pk, order_id, marketplace_id, at, updated, int(state), int(by_amazon), priced, flags,
            shipped_at, delivered_at, note,
        )  # fmt: skip
        self.store(order, lines)

    def store(self, order: Order, lines: list[Line]) -> None:
        """Take one finished order; it is written with its chunk."""
        self.orders.append(order)
        self.lines.extend(lines)
        self.count += 1
        if len(self.orders) >= _CHUNK:
            self.write()

    def write(self) -> None:
        """Store what was built so far."""
        self.world.insert_orders(self.orders, self.lines)
        self.world.books.flush()
        self.orders.clear()
        self.lines.clear()

    def finish(self) -> None:
        """Store the rest and post what moves until now; nothing later was ever queued."""
        self.write()
        self.catch_up(self.now)

    def _stock_lines(self, at: int, lines: list[Line], origin: str, target: str, *, by_amazon: bool) -> None:
        if by_amazon:
            for line in lines:
                self.stock(at, self.world.listings[line.listing], origin, target, line.quantity)

    def _substitute(self, listing: Listing, chance: Random, at: int) -> Listing:
        local = instant(at).astimezone(MARKETPLACES[listing.marketplace_id].zone)
        mean, listings, cumulative = self.world.wanted(self.seller, listing.marketplace_id, local.date())
        for _ in range(_STOCK_TRIES):
            other = listings[min(bisect.bisect(cumulative, chance.random() * mean), len(listings) - 1)]
            if self.world.sellable(self.seller, other) >= 1:
                return other
        return next(each for each in listings if not each.by_amazon or self.world.sellable(self.seller, each) >= 1)


def write_history(  # noqa: C901, PLR0912  a year day by day: demand, restocking, orders
    world: World, seller: Seller, profile: "Profile"
) -> int:
    """Write a seller's past ``profile.history_days`` days up to now and return the number of orders.

    Demand, stock-outs, cancellations, refunds and returns are those of the live world; moves ahead are scheduled.
    With ``profile.history_in_bulk`` all but the last ``LIFE_DAYS`` days are written fast, without empty shelves.
    """
    now = world.now_ms
    today = instant(now).date()
    chance = entropy.generator(world.seed, seller.seed, "history")
    detailed_days = min(profile.history_days, LIFE_DAYS) if profile.history_in_bulk else profile.history_days
    opening = now - (detailed_days + 1) * DAY
    writer, bulk = Writer(world, seller, now), BulkWriter(world, seller)
    for listing in world.listings.values():
        if listing.seller == seller.pk and listing.by_amazon:
            writer.stock(opening, listing, accounts.SUPPLIER, accounts.FULFILLABLE, listing.batch)
            listing.changed_ms = opening
    writer.catch_up(opening)
    cells: list[tuple[date, str]] = []
    means: list[float] = []
    for back in range(profile.history_days, -1, -1):
        day = type(today).fromordinal(today.toordinal() - back)
        for marketplace_id in seller.marketplaces:
            cells.append((day, marketplace_id))
            means.append(world.wanted(seller, marketplace_id, day)[0])
    if profile.history_orders is None:
        counts = [poisson(chance, mean) for mean in means]
    else:
        drawn = Counter(chance.choices(range(len(cells)), weights=means, k=profile.history_orders))
        counts = [drawn[index] for index in range(len(cells))]
    for start in range(0, len(cells), len(seller.marketplaces)):
        day = cells[start][0]
        if (today - day).days > detailed_days:
            for index in range(start, start + len(seller.marketplaces)):
                _, marketplace_id = cells[index]
                _, listings, cumulative = world.wanted(seller, marketplace_id, day)
                hours = chance.choices(range(24), weights=HOURS, k=counts[index])
                bulk.place(marketplace_id, listings, cumulative, local_midnight(day, marketplace_id), hours, chance)
            continue
        placed: list[tuple[int, Listing]] = []
        for index in range(start, start + len(seller.marketplaces)):
            marketplace_id = cells[index][1]
            mean, listings, cumulative = world.wanted(seller, marketplace_id, day)
            midnight = local_midnight(day, marketplace_id)
            hours = chance.choices(range(24), weights=HOURS, k=counts[index])
            for hour in hours:
                at = midnight + hour * 60 * MINUTE + SECOND * chance.randrange(3600)
                if at > now and profile.history_orders is None:
                    continue
                # The last day is not over: what would lie ahead is placed earlier instead, to keep an exact count.
                while at > now - MINUTE:
                    at -= DAY
                listing = listings[min(bisect.bisect(cumulative, chance.random() * mean), len(listings) - 1)]
                placed.append((at, listing))
        placed.sort(key=lambda each: (each[0], each[1].pk))
        _restock(world, seller, writer, local_midnight(day, seller.marketplaces[0]))
        for at, listing in placed:
            writer.catch_up(at)
            writer.place(listing, at, chance, exact=profile.history_orders is not None)
    bulk.finish()
    writer.finish()
    return bulk.count + writer.count


def _restock(world: World, seller: Seller, writer: Writer, at: int) -> None:
    writer.catch_up(at)
    chance = entropy.generator(world.seed, seller.seed, "history restock", at // DAY)
    for marketplace_id in seller.marketplaces:
        for listing in world.listings_of(seller, marketplace_id):
            if not listing.by_amazon:
                continue
            held = sum(world.books.balance(seller.pk, account, listing.units) for account in accounts.SUPPLY)
            if held >= listing.batch * 0.55 or at > writer.now:
                continue
            writer.stock(at, listing, accounts.SUPPLIER, accounts.INBOUND_WORKING, listing.batch)
            steps = with_missing(world, seller, listing, at, inbound_plan(chance, at, listing.batch))
            record(world, seller, listing, at, steps, listing.batch)
            for moment, origin, target, units in steps:
                if moment <= writer.now:
                    writer.stock(moment, listing, origin, target, units)
                else:
                    world.schedule(moment, seller.pk, "inbound", listing.pk, f'["{origin}", "{target}", {units}]')
    writer.catch_up(at)

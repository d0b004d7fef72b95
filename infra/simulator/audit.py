"""Checks that the books balance and that they tell the same story as the orders."""

from collections import Counter

from infra.simulator import books as accounts
from infra.simulator.lifecycle import State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.world import Seller, World

_OPEN = (State.PENDING, State.UNSHIPPED, State.PARTIALLY_SHIPPED)


def check(world: World, seller: Seller) -> list[str]:
    """Return what does not add up in words; empty when every account balances and agrees with the orders.

    Checked: the journal's sums are the balances, each commodity sums to zero, no warehouse account is negative, units
    reserved and with customers are those of the order lines, sales, shipping and discounts are those of shipped lines,
    and the postings line by line are what was paid and is owed.
    """
    problems: list[str] = []
    with world.lock:
        problems += _check_balances(world, seller)
        problems += _check_stock(world, seller)
        problems += _check_money(world, seller)
    return problems


def _check_balances(world: World, seller: Seller) -> list[str]:
    problems: list[str] = []
    totals: Counter[str] = Counter()
    held: dict[tuple[str, str], int] = {}
    for owner, account, commodity, amount in world.books.balances():
        if owner != seller.pk:
            continue
        totals[commodity] += amount
        held[account, commodity] = amount
        if account in accounts.WAREHOUSE_ACCOUNTS and amount < 0:
            problems.append(f"{commodity}: account {account} holds {amount}, less than nothing")
    problems += [f"{commodity}: accounts sum to {total}, not 0" for commodity, total in totals.items() if total]
    summed: Counter[tuple[str, str]] = Counter()
    for movement in world.books.journal(seller.pk):
        summed[movement.origin, movement.commodity] -= movement.amount
        summed[movement.target, movement.commodity] += movement.amount
    problems += [
        f"{commodity}: account {account} holds {held.get((account, commodity), 0)}, the journal says {amount}"
        for (account, commodity), amount in summed.items()
        if held.get((account, commodity), 0) != amount
    ]
    return problems


def _check_stock(world: World, seller: Seller) -> list[str]:
    problems = []
    open_states = ",".join(str(int(state)) for state in _OPEN)
    rows = world.storage.connection.execute(
        f"SELECT l.listing, SUM(CASE WHEN o.state IN ({open_states}) THEN l.quantity - l.shipped ELSE 0 END), "  # noqa: S608  own numbers
        "SUM(l.shipped - l.returned) FROM orders o JOIN lines l ON l.order_pk = o.pk "
        "WHERE o.seller = ? AND o.by_amazon = 1 GROUP BY l.listing",
        (seller.pk,),
    )
    for listing_pk, reserved, sold in rows:
        listing = world.listings[listing_pk]
        for account, expected in ((accounts.RESERVED_CUSTOMER, reserved), (accounts.CUSTOMERS, sold)):
            held = world.books.balance(seller.pk, account, listing.units)
            if held != expected:
                problems.append(
                    f"{listing.sku} ({listing.marketplace_id}): {account} holds {held}, orders say {expected}"
                )
    return problems


def _check_money(world: World, seller: Seller) -> list[str]:
    problems = []
    rows = world.storage.connection.execute(
        "SELECT o.marketplace_id, SUM(l.item_minor), SUM(l.shipping_minor), SUM(l.discount_minor) FROM orders o "
        "JOIN lines l ON l.order_pk = o.pk WHERE o.seller = ? AND o.shipped_at IS NOT NULL "
        "AND (o.state != 2 OR (l.quantity > 0 AND l.shipped = l.quantity)) GROUP BY o.marketplace_id",
        (seller.pk,),
    )
    sums: Counter[tuple[str, str]] = Counter()
    for place, sales, shipping, discounts in rows:
        currency = MARKETPLACES[place].currency
        sums[accounts.SALES, currency] += sales
        sums[accounts.SHIPPING_INCOME, currency] += shipping
        sums[accounts.DISCOUNTS, currency] -= discounts
    for currency in {MARKETPLACES[each].currency for each in seller.marketplaces}:
        paid = world.books.balance(seller.pk, accounts.BANK, currency)
        held = world.books.balance(seller.pk, accounts.BALANCE, currency)
        posted = world.postings.total(seller.pk, currency)
        if posted != paid + held:
            problems.append(f"{currency}: postings sum to {posted}, the books say {paid} paid and {held} owed")
    for (account, currency), expected in sums.items():
        held = -world.books.balance(seller.pk, account, currency)
        if held != expected:
            problems.append(f"{currency}: {account} holds {held}, shipped lines say {expected}")
    return problems

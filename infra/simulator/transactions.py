"""Finances as Amazon tells them: the postings of one shipment or refund as one transaction, late, sometimes deferred.

Nothing is stored here. A transaction is what ``postings`` holds for one order, kind and instant; when it can be seen,
and whether its money is held back, follows from the seed. A deferred transaction is told twice, as Amazon does: first
as ``DEFERRED`` (later ``DEFERRED_RELEASED``), then again as ``RELEASED`` with a pointer back when the money is let go.
"""

from __future__ import annotations

import heapq
import itertools
import json
from typing import TYPE_CHECKING, NamedTuple

from infra.simulator import entropy
from infra.simulator.clock import DAY, HOUR, iso
from infra.simulator.money import amount_text
from infra.simulator.postings import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.simulator.postings import Posting
    from infra.simulator.world import Order, Seller, World

RELEASED, DEFERRED, DEFERRED_RELEASED = "RELEASED", "DEFERRED", "DEFERRED_RELEASED"
HELD_MS = 10 * DAY
LATEST_MS = 48 * HOUR
EVENT, UPDATE = "transaction", "TRANSACTION_UPDATE"
_LONGEST_LIFE_MS = 120 * DAY
_DELIVERY_POLICY_SHARE = 0.15
_INVOICED_SHARE = 0.05


class Transaction(NamedTuple):
    """One transaction. ``shown`` is when Amazon begins to tell it, ``posted`` the date that it bears.

    ``total_minor`` is what it adds to what Amazon owes the seller. ``reason`` says why money is held back, or is empty.
    ``release`` marks the second telling of a deferred transaction: its money is that of the first.
    """

    kind: Kind
    order_pk: int
    at: int
    posted: int
    shown: int
    currency: str
    positions: tuple[int, ...]
    total_minor: int
    settlement: int | None
    reason: str
    release: bool


class Transfer(NamedTuple):
    """One payment to the seller's bank account. ``total_minor`` is what was paid, as Amazon has it: above zero."""

    posted: int
    currency: str
    settlement_id: str
    total_minor: int


def shown_at(seed: int, kind: Kind, order_pk: int, at: int) -> int:
    """Return when Amazon begins to tell what was posted at ``at``: 0 to 48 hours later, mostly within a few."""
    return at + _delay(seed, "shown", kind, order_pk, at)


def release_shown_at(seed: int, kind: Kind, order_pk: int, at: int) -> int:
    """Return when Amazon begins to tell that what it held back of the posting at ``at`` was let go."""
    return at + HELD_MS + _delay(seed, "released", kind, order_pk, at)


def held_back(seed: int, kind: Kind, order_pk: int) -> str:
    """Return why an order's money is held back: ``DD7`` (delivery date policy), ``B2B`` (invoiced), or empty."""
    if kind is not Kind.SHIPMENT:
        return ""
    roll = entropy.fraction(seed, "held back", order_pk)
    if roll < _DELIVERY_POLICY_SHARE:
        return "DD7"
    return "B2B" if roll < _DELIVERY_POLICY_SHARE + _INVOICED_SHARE else ""


def status(seed: int, transaction: Transaction, now_ms: int) -> str:
    """Return a transaction's status now."""
    if not transaction.reason or transaction.release:
        return RELEASED
    released = release_shown_at(seed, transaction.kind, transaction.order_pk, transaction.at)
    return DEFERRED_RELEASED if now_ms >= released else DEFERRED


def identifier(seed: int, transaction: Transaction, *, release: bool | None = None) -> str:
    """Return Amazon's transaction id: 43 letters and digits; the release of a deferred one has its own."""
    second = transaction.release if release is None else release
    parts = (seed, "transaction", int(transaction.kind), transaction.order_pk, transaction.at, second)
    return entropy.letters(22, *parts, "a") + entropy.letters(21, *parts, "b")


def listed(world: World, seller: Seller, after_ms: int, before_ms: int) -> Iterator[Transaction | Transfer]:
    """Yield what was posted with ``after_ms <= posted < before_ms``, oldest first, shown already or not."""
    return heapq.merge(
        _tellings(world, seller, after_ms, before_ms, release=False),
        _tellings(world, seller, after_ms, before_ms, release=True),
        _transfers(world, seller, after_ms, before_ms),
        key=lambda each: each.posted,
    )


def of_order(world: World, seller: Seller, order: Order) -> Iterator[Transaction]:
    """Yield an order's transactions, oldest first, shown already or not."""
    for each in listed(world, seller, order.created, order.created + _LONGEST_LIFE_MS):
        if isinstance(each, Transaction) and each.order_pk == order.pk:
            yield each


def find(  # noqa: PLR0913  a transaction is known by these facts
    world: World, seller: Seller, kind: Kind, order_pk: int, at: int, *, release: bool
) -> Transaction:
    """Return the transaction of an order, kind and instant."""
    group = [each for each in world.postings.between(seller.pk, at, at + 1) if _event(each) == (at, kind, order_pk)]
    return _transaction(world, kind, order_pk, at, group, held_back(world.seed, kind, order_pk), release=release)


def transfer_identifier(transfer: Transfer) -> str:
    """Return Amazon's transaction id of a payment."""
    return entropy.letters(22, transfer.settlement_id, "a") + entropy.letters(21, transfer.settlement_id, "b")


def attach(world: World) -> None:
    """Let Amazon notify about every transaction when it begins to tell it."""

    def tell(at: int, seller: Seller, order_pk: int, argument: str) -> None:
        kind_number, posted, release = json.loads(argument)
        found = find(world, seller, Kind(kind_number), order_pk, posted, release=bool(release))
        order = world.order_by_pk(order_pk)
        payload = {
            "TransactionUpdateNotification": {
                "SellingPartnerMetadata": {
                    "SellingPartnerId": seller.selling_partner_id,
                    "MarketplaceId": order.marketplace_id,
                    "AccountType": "Standard Orders",
                },
                "RelatedIdentifiers": [{"RelatedIdentifierName": "ORDER_ID", "RelatedIdentifierValue": order.order_id}],
                "TransactionType": found.kind.name.capitalize(),
                "PostedDate": iso(found.posted),
                "TotalAmount": {
                    "CurrencyAmount": float(amount_text(found.total_minor, found.currency)),
                    "CurrencyCode": found.currency,
                },
            }
        }
        world.notice(seller, UPDATE, at, payload)

    world.handlers[EVENT] = tell


def announce(world: World, seller: Seller, kind: Kind, order_pk: int, at: int) -> None:
    """Plan the notifications of what was just posted: when it is shown, and when its held money is let go."""
    shown = shown_at(world.seed, kind, order_pk, at)
    if shown > world.now_ms:
        world.schedule(shown, seller.pk, EVENT, order_pk, json.dumps([int(kind), at, 0]))
    if held_back(world.seed, kind, order_pk):
        again = release_shown_at(world.seed, kind, order_pk, at)
        if again > world.now_ms:
            world.schedule(again, seller.pk, EVENT, order_pk, json.dumps([int(kind), at, 1]))


def _tellings(world: World, seller: Seller, after_ms: int, before_ms: int, *, release: bool) -> Iterator[Transaction]:
    shift = HELD_MS if release else 0
    postings = world.postings.between(seller.pk, after_ms - shift, before_ms - shift)
    for (at, kind_number, order_pk), group in itertools.groupby(postings, key=_event):
        kind = Kind(kind_number)
        reason = held_back(world.seed, kind, order_pk)
        if release and not reason:
            continue
        yield _transaction(world, kind, order_pk, at, tuple(group), reason, release=release)


def _event(posting: Posting) -> tuple[int, int, int]:
    return posting.at, posting.kind, posting.order_pk


def _delay(seed: int, word: str, kind: Kind, order_pk: int, at: int) -> int:
    return round(entropy.fraction(seed, word, int(kind), order_pk, at) ** 3 * LATEST_MS)


def _transaction(  # noqa: PLR0913, PLR0917  a transaction is these facts
    world: World, kind: Kind, order_pk: int, at: int, group: Sequence[Posting], reason: str, *, release: bool
) -> Transaction:
    return Transaction(
        kind=kind,
        order_pk=order_pk,
        at=at,
        posted=at + HELD_MS if release else at,
        shown=release_shown_at(world.seed, kind, order_pk, at) if release else shown_at(world.seed, kind, order_pk, at),
        currency=group[0].currency,
        positions=tuple(each.position for each in group),
        total_minor=sum(each.net_minor for each in group),
        settlement=group[0].settlement,
        reason=reason,
        release=release,
    )


def _transfers(world: World, seller: Seller, after_ms: int, before_ms: int) -> Iterator[Transfer]:
    rows = world.storage.connection.execute(
        "SELECT end, currency, settlement_id, total_minor FROM settlements "
        "WHERE seller = ? AND end >= ? AND end < ? AND total_minor > 0 ORDER BY end, pk",
        (seller.pk, after_ms, before_ms),
    )
    return map(Transfer._make, rows)

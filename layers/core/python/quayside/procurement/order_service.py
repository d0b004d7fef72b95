"""Use cases of purchase orders: draft, amend, approve and move them on, list them. They act for the tenant in scope."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from quayside.finance import cost_service
from quayside.finance.rate_rules import Rate, convert, rate_on
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import ChangedMeanwhile, Conflict, FieldProblem, Forbidden, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.procurement import store, supplier_store
from quayside.procurement.landed_rules import rate_missing
from quayside.procurement.lots import post_lots
from quayside.procurement.records import Change, Entry
from quayside.procurement.rules import (
    STARTED,
    Content,
    Event,
    NewLine,
    Order,
    Settings,
    Terms,
    amended,
    check_content,
    check_limit,
    lines_of,
    moved,
    number_text,
    permission_for,
)
from quayside.procurement.store import Saving
from quayside.procurement.views import (
    ChangePage,
    DuePage,
    OpenLine,
    OrderView,
    ProcurementSettingsView,
    PurchasePage,
    ShippableLine,
    VersionView,
    change_view,
    due_view,
    entry_view,
    order_view,
    settings_view,
    version_view,
)

MOST_NUMBER = 999_999_999
"""No order has a higher number."""
MOST_LISTED_LINES = 2000
"""So many lines on order are listed at once."""


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as it is asked for. What is left out is the supplier's: currency, terms, incoterm.

    ``landed_currency`` is the one its cost lots are kept in; the order's own when it is left out.
    """

    supplier_id: str
    lines: tuple[NewLine, ...]
    currency: str | None = None
    landed_currency: str | None = None
    terms: Terms | None = None
    incoterm: str | None = None
    ship_to: str = ""
    expected_on: date | None = None
    note: str = ""
    origin: str | None = None


class Amendment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an order is changed to. ``step`` is the one that was seen; lines that stay name their ``line_id``."""

    step: int
    lines: tuple[NewLine, ...]
    currency: str
    landed_currency: str
    terms: Terms
    incoterm: str | None = None
    ship_to: str = ""
    expected_on: date | None = None
    note: str = ""


class Actor(NamedTuple):
    """Who acts, as a use case judges by it."""

    member_id: str
    role: str
    permissions: Collection[str]


def draft(
    new: NewOrder, *, member_id: str, clock: Clock, entropy: Callable[[int], bytes], once: str | None = None
) -> OrderView:
    """Make a draft of an order.

    Args:
        new: what is asked for.
        member_id: who asks.
        clock: the time.
        entropy: makes the order's id.
        once: names what it is made of, such as ``lead/…``; the same name gives the order that it gave before.

    Raises:
        NotFound: there is no such supplier.
        InvalidInput: a line, a currency or a term can't be.
    """
    order_id = new_id(entropy if once is None else named(once))
    if once is not None:
        before = store.find(order_id)
        if before is not None:
            return order_view(before.read(), clock.now())
    content, supplier_name = content_of(new)
    now = clock.now()
    drafted = Order(
        order_id,
        store.next_number(),
        new.supplier_id,
        supplier_name,
        content,
        lines_made=len(content.lines),
        origin=new.origin,
    )
    made = Change(
        1, "draft", format_instant(now), member_id, "", "draft", 1, None, f"from {new.origin}" if new.origin else ""
    )
    if not store.save([Saving(None, drafted, made)], now):
        return show(order_id, clock=clock)
    return order_view(drafted, now)


def content_of(new: NewOrder) -> tuple[Content, str]:
    """Return what is agreed by an order that is asked for, and its supplier's name.

    Raises:
        NotFound: there is no such supplier.
        InvalidInput: a line, a currency or a term can't be.
    """
    kept = supplier_store.find(new.supplier_id)
    if kept is None:
        raise NotFound("There is no such supplier.", code="supplier_not_found")
    supplier = kept.supplier
    currency = new.currency or supplier.currency
    agreed = check_content(
        Content(
            lines_of(new.lines, currency),
            currency,
            new.landed_currency or currency,
            new.terms or supplier.terms,
            new.incoterm or supplier.incoterm,
            new.ship_to.strip(),
            new.expected_on,
            new.note.strip(),
        )
    )
    return agreed, supplier.name


def named(once: str) -> Callable[[int], bytes]:
    """Return what makes the id of an order that is made of something once."""
    digest = hashlib.sha256(f"{current_tenant()}\n{once}".encode()).digest()
    return lambda count: digest[:count]


def order(order_id: str) -> Order:
    """Return an order.

    Raises:
        NotFound: there is no such order.
    """
    found = store.find(order_id)
    if found is None:
        raise NotFound("There is no such purchase order.", code="purchase_order_not_found")
    return found.read()


def id_of_number(text: str) -> str | None:
    """Return the id of the order with a number as it is printed, such as ``PO-000012``, or 12; None without one."""
    digits = text.strip().upper().removeprefix("PO-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_NUMBER))):
        return None
    return store.id_of_number(int(digits))


def show(order_id: str, *, clock: Clock) -> OrderView:
    """Show an order with all that came of it.

    Raises:
        NotFound: there is no such order.
    """
    return order_view(order(order_id), clock.now())


def amend(order_id: str, amendment: Amendment, *, actor: Actor, clock: Clock) -> OrderView:
    """Change what is agreed: a new version. Beyond a draft it takes the right to approve what the order comes to.

    Raises:
        NotFound: there is no such order.
        ChangedMeanwhile: somebody else changed it since it was seen.
        IllegalMove: its state allows no amendment.
        Forbidden: the member may not, or it comes to more than the role may approve.
        InvalidInput: a part of it can't be.
        Conflict: nothing is different.
    """
    before = order(order_id)
    if before.step != amendment.step:
        raise changed(amendment, before, clock)
    now = clock.now()
    content = check_content(
        Content(
            lines_of(amendment.lines, amendment.currency, before.lines, before.lines_made),
            amendment.currency,
            amendment.landed_currency,
            amendment.terms,
            amendment.incoterm,
            amendment.ship_to.strip(),
            amendment.expected_on,
            amendment.note.strip(),
        )
    )
    _allow(before, "amend", actor)
    after = amended(before, content, now.date())
    if before.state != "draft":
        _within_limit(after, actor, now.date())
    _check_costs_follow(before, after)
    detail = f"{_amount(before)} to {_amount(after)}"
    if not store.save([Saving(before, after, change_of(before, after, "amend", actor.member_id, now, detail))], now):
        raise changed(amendment, order(order_id), clock)
    post_lots(after, clock)
    return order_view(after, now)


def _check_costs_follow(before: Order, after: Order) -> None:
    new = {line.seller_sku for line in after.lines} - {line.seller_sku for line in before.lines}
    if before.state != "draft":
        cost_service.check_bought(new, after.content.landed_currency)


def _amount(each: Order) -> str:
    return f"{each.total.to_decimal():,} {each.content.currency}"


def move(  # noqa: PLR0913 - the parts of a move
    order_id: str, event: Event, step: int, *, actor: Actor, clock: Clock, day: date | None = None
) -> OrderView:
    """Move an order on: approve, reopen, send, confirm, start production, close or cancel it.

    Args:
        order_id: which order.
        event: what happens.
        step: of the order, as it was seen.
        actor: who does it.
        clock: the time.
        day: when it happened; today when it is left out.

    Raises:
        NotFound: there is no such order.
        ChangedMeanwhile: somebody else changed it since it was seen.
        IllegalMove: its state does not allow it.
        Forbidden: the member may not, or it comes to more than the role may approve.
        InvalidInput: the day can't be, or a rate is missing.
        Conflict: a SKU's costs are kept in another currency.
    """
    before = order(order_id)
    now = clock.now()
    today = now.date()
    if before.step != step:
        raise changed({"event": event, "step": step}, before, clock)
    if day is not None and day > today:
        problem = FieldProblem("day", f"has to be {today} or earlier")
        raise InvalidInput(f"{day} has not come yet.", fields=(problem,), code="day_to_come")
    _allow(before, event, actor)
    after = moved(before, event, day or max([today, *before.days.values()]))
    if event == "approve":
        after = _approved(after, actor, today)
    if event == "cancel" and before.shares:
        raise Conflict(
            "Charges are shared out over this order.",
            code="order_bears_charges",
            action="Take the charges back first, then cancel the order.",
        )
    change = change_of(before, after, event, actor.member_id, now, "", after.days.get(after.state))
    if not store.save([Saving(before, after, change)], now):
        raise changed({"event": event, "step": step}, order(order_id), clock)
    post_lots(after, clock)
    return order_view(after, now)


def _approved(after: Order, actor: Actor, today: date) -> Order:
    """Return an order with the rate fixed by which it lands; the member may approve what it comes to."""
    _within_limit(after, actor, today)
    content = after.content
    cost_service.check_bought((line.seller_sku for line in content.lines), content.landed_currency)
    if content.currency == content.landed_currency:
        return msgspec.structs.replace(after, rate=None)
    return msgspec.structs.replace(after, rate=rate_between(content.currency, content.landed_currency, today))


def rate_between(base: str, quote: str, day: date) -> Rate:
    """Return the rate that the tenant stated and that holds on a day.

    Raises:
        InvalidInput: there is none.
    """
    rate = rate_on(cost_service.rates_between([base], quote, day, day), base, quote, day)
    if rate is None:
        raise rate_missing(base, quote, day)
    return rate


def _within_limit(after: Order, actor: Actor, today: date) -> None:
    settings = store.settings()
    known: dict[str, Money] = {}
    if settings.limits.get(actor.role, 0) and after.content.currency != settings.limit_currency:
        base, quote = after.content.currency, settings.limit_currency
        rate = rate_on(cost_service.rates_between([base], quote, today, today), base, quote, today)
        if rate is not None:
            known[quote] = convert(after.total, rate)
    check_limit(settings, actor.role, after.total, known)


def _allow(before: Order, event: Event, actor: Actor) -> None:
    needed = permission_for(before, event)
    if needed not in actor.permissions:
        raise Forbidden(f"Your role, {actor.role}, does not include this ({needed}).", code="not_permitted")


def changed(yours: object, current: Order, clock: Clock) -> ChangedMeanwhile:
    """Return the error for an order that somebody else changed; it carries both versions."""
    return ChangedMeanwhile(
        f"Somebody else changed {number_text(current.number)} since you opened it.",
        yours=yours,
        current=order_view(current, clock.now()),
    )


def change_of(  # noqa: PLR0913, PLR0917 - the parts of a change
    before: Order, after: Order, event: str, by: str, now: datetime, detail: str = "", day: date | None = None
) -> Change:
    """Return what is remembered of a change of an order."""
    return Change(
        after.step,
        event,
        format_instant(now),
        by,
        before.state,
        after.state,
        after.version,
        None if day is None else day.isoformat(),
        detail,
    )


# -- Lists -------------------------------------------------------------------------------------------------------------


def list_orders(  # noqa: PLR0913 - what can be asked for
    *, done: bool, state: str | None, supplier_id: str | None, sku: str | None, cursor: str | None, limit: int
) -> PurchasePage:
    """List orders, the newest first: those that are open, or those that are closed or cancelled.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """

    def wanted(entry: Entry) -> bool:
        return (
            (state is None or entry.state == state)
            and (supplier_id is None or entry.supplier_id == supplier_id)
            and (sku is None or sku in entry.skus)
        )

    found, cursor = store.browse("DONE" if done else "OPEN", wanted, cursor, limit)
    return PurchasePage(tuple(map(entry_view, found)), cursor)


def changes(order_id: str, below: int | None, limit: int) -> ChangePage:
    """List the changes of an order, the newest first.

    Raises:
        NotFound: there is no such order.
    """
    order(order_id)
    found, following = store.changes(order_id, below, limit)
    return ChangePage(tuple(map(change_view, found)), following)


def version(order_id: str, number: int) -> VersionView:
    """Show a version of what was agreed.

    Raises:
        NotFound: there is no such order, or no such version of it.
    """
    found = store.version(order_id, number)
    if found is None:
        raise NotFound("There is no such version.", code="version_not_found")
    content, made_at, made_by = found
    return version_view(number, content, made_at, made_by)


def open_orders(seller_skus: Iterable[str]) -> dict[str, tuple[OpenLine, ...]]:
    """Return what is on order of some SKUs, by SKU: units still to come of orders that the supplier has.

    One query a SKU; a SKU without is left out.
    """
    return {
        sku: tuple(
            OpenLine(
                line.order_id,
                number_text(line.number),
                line.line_id,
                line.seller_sku,
                line.units,
                line.expected_on,
                line.supplier_id,
                line.state,
            )
            for line in lines
        )
        for sku, lines in store.on_order_of(seller_skus).items()
    }


def all_open_orders() -> dict[str, tuple[OpenLine, ...]] | None:
    """Return what is on order of all SKUs, by SKU; None when it is more than ``MOST_LISTED_LINES`` lines."""
    listed = store.all_on_order(MOST_LISTED_LINES)
    if listed is None:
        return None
    found: dict[str, tuple[OpenLine, ...]] = {}
    for line in listed:
        shown = OpenLine(
            line.order_id,
            number_text(line.number),
            line.line_id,
            line.seller_sku,
            line.units,
            line.expected_on,
            line.supplier_id,
            line.state,
        )
        found[line.seller_sku] = (*found.get(line.seller_sku, ()), shown)
    return found


class LateOrder(NamedTuple):
    """An order whose expected day is over while units of it are still to come; ``first_sku`` is the first in it."""

    order_id: str
    number: str
    first_sku: str
    expected_on: date


def late_orders(today: date, most: int) -> Iterator[LateOrder]:
    """Yield the orders that the supplier has and that are late, the newest first; looks at ``most`` open ones."""
    for entry in store.newest_open(most):
        expected_on = None if entry.expected_on is None else date.fromisoformat(entry.expected_on)
        if entry.state in STARTED and expected_on is not None and expected_on < today:
            yield LateOrder(entry.order_id, number_text(entry.number), next(iter(entry.skus), ""), expected_on)


def shippable(order_id: str) -> tuple[ShippableLine, ...]:
    """Return what of an order can be put on a shipment: its lines, with the units that did not arrive yet.

    Raises:
        NotFound: there is no such order.
        Conflict: the supplier does not have it, or nothing is to come of it.
    """
    found = order(order_id)
    if found.state not in STARTED:
        raise Conflict(
            f"{number_text(found.number)} is {found.state.replace('_', ' ')}; nothing of it can be shipped.",
            code="not_shippable",
            action="Ship orders that were sent to the supplier and are not received or closed.",
        )
    return tuple(
        ShippableLine(
            found.order_id,
            number_text(found.number),
            line.line_id,
            line.seller_sku,
            line.title,
            line.units,
            found.good(line.line_id) + found.damaged(line.line_id),
            found.to_come(line),
            line.carton,
        )
        for line in found.lines
    )


def payments_due(until: date | None, cursor: str | None, limit: int, *, clock: Clock) -> DuePage:
    """List what is to be paid, the earliest first.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    today = clock.now().date().isoformat()
    found, following = store.due_until(until, cursor, limit)
    return DuePage(today, tuple(due_view(each, today) for each in found), following)


# -- Settings ----------------------------------------------------------------------------------------------------------


class SettingsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings as they shall be. ``limits`` are decimal amounts by role, None for no limit; ``step`` was seen."""

    step: int
    limit_currency: str
    limits: dict[str, str | None]
    over_delivery_percent: int


_LIMITED_ROLES = ("owner", "admin", "buyer")
_MOST_OVER_PERCENT = 100


def show_settings() -> ProcurementSettingsView:
    """Show how the organisation orders."""
    return settings_view(store.settings())


def set_settings(change: SettingsChange) -> ProcurementSettingsView:
    """Say how much each role may approve, and how much more than ordered can be received.

    Raises:
        InvalidInput: a role is unknown, a limit is no amount, or the tolerance is out of range.
        ChangedMeanwhile: somebody else changed them since they were seen.
    """
    chosen = settings_of(change)
    if not store.put_settings(chosen):
        raise ChangedMeanwhile(
            "Somebody else changed the settings since you opened them.",
            yours=change,
            current=settings_view(store.settings()),
        )
    return settings_view(chosen)


def settings_of(change: SettingsChange) -> Settings:
    """Return the settings that a change asks for.

    Raises:
        InvalidInput: a role is unknown, a limit is no amount, or the tolerance is out of range.
    """
    problems = [
        FieldProblem(f"limits.{role}", f"is no role that approves: {', '.join(_LIMITED_ROLES)}")
        for role in change.limits
        if role not in _LIMITED_ROLES
    ]
    if not 0 <= change.over_delivery_percent <= _MOST_OVER_PERCENT:
        problems.append(FieldProblem("over_delivery_percent", f"has to be from 0 to {_MOST_OVER_PERCENT}"))
    limits: dict[str, int | None] = {}
    for role, text in change.limits.items():
        limits[role] = None if text is None else Money.from_decimal(text, change.limit_currency).amount_minor
        if (limits[role] or 0) < 0:
            problems.append(FieldProblem(f"limits.{role}", "has to be 0 or more, or null for no limit"))
    if problems:
        raise InvalidInput("The settings can't be like this.", fields=tuple(problems), code="invalid_settings")
    return Settings(change.limit_currency, limits, change.over_delivery_percent, change.step + 1)

"""Approval: a lead becomes a product with a SKU and a first purchase order, and keeps what was promised on that day.

The decision is written down first, then the order is drafted under the lead's name, then the lead is approved. Cut off
anywhere, the same approval asked for again finishes what was begun and drafts no second order.
"""

from collections.abc import Callable
from typing import NoReturn

import msgspec

from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput
from quayside.procurement import order_service, supplier_service
from quayside.procurement.order_service import NewOrder
from quayside.procurement.rules import NewLine
from quayside.procurement.supplier_service import SupplierTerms
from quayside.sourcing import quote_rules, quote_service, scenario_service, service, store
from quayside.sourcing.quote_rules import Quote
from quayside.sourcing.rules import LONGEST_SKU, MACHINE, Approval, Lead, Promised
from quayside.sourcing.store import Found, Moved
from quayside.sourcing.views import ApprovalDraft

_SUPPLIERS_LOOKED_AT = 20


def approve(
    lead_id: str, draft: ApprovalDraft, *, member_id: str, clock: Clock, entropy: Callable[[int], bytes]
) -> None:
    """Approve a lead: claim its SKU, draft its first purchase order by a quote, and keep what was promised.

    Raises:
        NotFound: there is no such lead, or no such quote.
        Conflict: it does not stand where it can be approved, was changed meanwhile, another lead has the SKU, or an
            approval that differs was begun and has to be finished first.
        InvalidInput: the SKU or the number of units can't be, or the quote no longer holds.
    """
    found = service.at_version(lead_id, draft.version)
    MACHINE.move(found.lead.stage, "approve")
    quote = quote_service.record_of(lead_id, draft.quote_id).read()
    decided = _decided(found, quote, draft, member_id, clock)
    supplier_id = _supplier(quote, clock, entropy)
    order = order_service.draft(
        _order(found.lead, decided, quote, supplier_id),
        member_id=member_id,
        clock=clock,
        entropy=entropy,
        once=f"lead/{lead_id}",
    )
    _finish(lead_id, order.order_id, member_id, clock)


def _decided(found: Found, quote: Quote, draft: ApprovalDraft, member_id: str, clock: Clock) -> Approval:
    """Return the decision that is written down; a new one is written, one that was begun has to be the same."""
    sku, now = draft.seller_sku.strip(), clock.now()
    begun = found.lead.approval
    if begun is not None:
        if (begun.seller_sku, begun.quote_id) != (sku, draft.quote_id):
            raise Conflict(
                f"An approval as {begun.seller_sku} was begun.",
                code="approval_begun",
                action="Finish that one: approve it with the same SKU and quote.",
            )
        return begun
    if not 1 <= len(sku) <= LONGEST_SKU:
        _refuse("seller_sku", f"is needed, with 1 to {LONGEST_SKU} characters")
    if not 1 <= draft.units <= quote_rules.MOST_UNITS:
        _refuse("units", f"has to be from 1 to {quote_rules.MOST_UNITS:,}")
    if not quote.holds_on(now.date()):
        _refuse(
            "quote_id", f"expired on {quote.valid_until}; ask {quote.supplier_name} for a new one, or change its day"
        )
    if store.claim_sku(sku, found.lead.lead_id) != found.lead.lead_id:
        raise Conflict(
            f"Another lead became {sku} already.", code="sku_taken", action="Choose another SKU for this product."
        )
    approval = Approval(
        seller_sku=sku,
        quote_id=quote.quote_id,
        units=quote_rules.units_to_buy(quote, draft.units),
        order_id=None,
        approved_at=format_instant(now),
        approved_by=member_id,
        promised=_promised(found.lead, clock),
    )
    lead = msgspec.structs.replace(found.lead, approval=approval)
    if not store.put(found, lead, found.outlook, now):
        raise service.changed()
    return approval


def _promised(lead: Lead, clock: Clock) -> tuple[Promised, ...]:
    return tuple(
        Promised(
            scenario_id=each.scenario.scenario_id,
            name=each.scenario.name,
            connection_id=each.scenario.connection_id,
            marketplace_id=each.scenario.marketplace_id,
            currency=each.currency,
            price_minor=each.estimate.price_minor,
            net_minor=each.estimate.net_minor,
            fees_minor=each.estimate.fees_minor,
            landed_minor=each.estimate.landed_minor,
            returns_minor=each.estimate.returns_minor,
            ads_minor=each.estimate.ads_minor,
            other_minor=each.estimate.other_minor,
            profit_minor=each.estimate.profit_minor,
            margin_percent=each.estimate.margin_percent,
        )
        for each in scenario_service.work_out(lead, clock.now().date())
    )


def _supplier(quote: Quote, clock: Clock, entropy: Callable[[int], bytes]) -> str:
    """Return the supplier of a quote: the one it names, the one of that name, or a new one with the quote's terms."""
    if quote.supplier_id is not None:
        return quote.supplier_id
    page = supplier_service.list_suppliers(quote.supplier_name, None, _SUPPLIERS_LOOKED_AT)
    wanted = " ".join(quote.supplier_name.split()).casefold()
    named = next((each.supplier_id for each in page.suppliers if each.name.casefold() == wanted), None)
    if named is not None:
        return named
    terms = SupplierTerms(
        name=quote.supplier_name,
        currency=quote.currency,
        incoterm=quote.incoterm,
        minimum_order_units=quote.minimum_units,
        lead_time_days=quote.lead_time_days,
    )
    return supplier_service.add_supplier(terms, clock=clock, entropy=entropy).supplier_id


def _order(lead: Lead, decided: Approval, quote: Quote, supplier_id: str) -> NewOrder:
    return NewOrder(
        supplier_id=supplier_id,
        currency=quote.currency,
        landed_currency=_sold_in(lead),
        incoterm=quote.incoterm,
        lines=(
            NewLine(
                seller_sku=decided.seller_sku,
                units=decided.units,
                unit_price=quote_rules.price_of(quote, decided.units),
                title=lead.name,
            ),
        ),
        origin=f"lead/{lead.lead_id}",
    )


def _sold_in(lead: Lead) -> str | None:
    """Return the currency in which a lead is to be sold, for its costs are kept in it; None when there are several."""
    currencies = {target.currency for target in lead.targets}
    return currencies.pop() if len(currencies) == 1 else None


def _finish(lead_id: str, order_id: str, member_id: str, clock: Clock) -> None:
    """Approve a lead whose order is drafted; somebody else may have finished it meanwhile."""
    found = service.known(lead_id)
    if found.lead.approval is None or found.lead.stage == "approved":
        return
    lead = msgspec.structs.replace(
        found.lead, stage="approved", approval=msgspec.structs.replace(found.lead.approval, order_id=order_id)
    )
    now = clock.now()
    if not store.put(found, lead, found.outlook, now, Moved("approve", member_id, now)):
        raise service.changed()


def _refuse(field: str, problem: str) -> NoReturn:
    raise InvalidInput(
        "The lead can't be approved so.", code="invalid_approval", fields=(FieldProblem(field, problem),)
    )

"""Use cases of files: leads, and a lead's quotes, from a table; a preview of every row first. For the tenant in scope.

What a file asks for is named by its content, so the same file again, or one that was cut off, enters nothing twice.
"""

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import place_service as places
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.file_rows import ENTERED, Asked, ImportView, Judged, import_view, words
from quayside.kernel.ids import new_id
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing import quote_service, service, store
from quayside.sourcing.file_rules import FindPlace, read_leads, read_quotes
from quayside.sourcing.quote_rules import MOST_QUOTES
from quayside.sourcing.views import LeadDraft, QuoteDraft, TargetDraft


def preview_leads(text: str, *, clock: Clock) -> ImportView:
    """Say which leads a file would enter; nothing is stored.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    return import_view(_judged_leads(text, clock), _says)


def import_leads(text: str, *, clock: Clock) -> ImportView:
    """Enter the new leads of a file as ideas; refused ones are left out and said, known ones stay as they are.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    judged = list(_judged_leads(text, clock))
    for asked, state in judged:
        if state == "new" and asked.draft is not None:
            service.create(asked.draft, clock=clock, entropy=_named(asked.draft))
    return import_view(judged, _says)


def preview_quotes(lead_id: str, text: str) -> ImportView:
    """Say which quotes for a lead a file would enter; nothing is stored.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
        Conflict: the lead is approved.
    """
    return import_view(_judged_quotes(lead_id, text), _says)


def import_quotes(lead_id: str, text: str, *, clock: Clock) -> ImportView:
    """Enter the new quotes of a file for a lead; refused ones are left out and said, known ones stay as they are.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
        Conflict: the lead is approved.
    """
    judged = list(_judged_quotes(lead_id, text))
    for asked, state in judged:
        if state == "new" and asked.draft is not None:
            quote_service.add(lead_id, asked.draft, clock=clock, entropy=_named(asked.draft))
    return import_view(judged, _says)


def _judged_leads(text: str, clock: Clock) -> Iterator[Judged[LeadDraft]]:
    now, known = format_instant(clock.now()), service.places()
    for told in read_leads(text, _finder()):
        if told.draft is None:
            yield Asked(told.lines, told.name, None, told.problem), "refused"
            continue
        if told.draft.entered_as and store.find(told.draft.entered_as) is not None:
            yield Asked(told.lines, told.name, None, ENTERED), "known"
            continue
        asked = Asked(told.lines, told.name, told.draft.draft)
        lead_id = new_id(_named(told.draft.draft))
        try:
            service.lead_of(lead_id, told.draft.draft, now, known)
        except InvalidInput as refused:
            yield asked._replace(draft=None, problem=words(refused)), "refused"
            continue
        yield asked, "new" if store.find(lead_id) is None else "known"


def _judged_quotes(lead_id: str, text: str) -> Iterator[Judged[QuoteDraft]]:
    quote_service.editable(lead_id)
    present = {each.read().quote_id for each in store.quotes(lead_id)}
    count = len(present)
    for told in read_quotes(text):
        if told.draft is None:
            yield Asked(told.lines, told.name, None, told.problem), "refused"
            continue
        if told.draft.entered_as in present:
            yield Asked(told.lines, told.name, None, ENTERED), "known"
            continue
        asked = Asked(told.lines, told.name, told.draft.draft)
        quote_id = new_id(_named(told.draft.draft))
        try:
            quote_service.quote_of(quote_id, told.draft.draft)
        except InvalidInput as refused:
            yield asked._replace(draft=None, problem=words(refused)), "refused"
            continue
        if quote_id in present:
            yield asked, "known"
        elif count == MOST_QUOTES:
            yield asked._replace(draft=None, problem=f"a lead has {MOST_QUOTES} quotes at most"), "refused"
        else:
            count += 1
            yield asked, "new"


def _finder() -> FindPlace:
    """Return how a row's marketplace and account are found among those where the tenant sells."""
    find = places.finder()

    def target(place: str, account: str) -> TargetDraft:
        found = find(place, account)
        return TargetDraft(found.connection_id, found.marketplace_id, "")

    return target


def _named(draft: LeadDraft | QuoteDraft) -> Callable[[int], bytes]:
    said = msgspec.json.encode([type(draft).__name__, draft])
    digest = hashlib.sha256(current_tenant().encode() + b"\n" + said).digest()
    return lambda count: digest[:count]


def _says(draft: LeadDraft | QuoteDraft) -> str:
    """Return what is asked for, in one line."""
    if isinstance(draft, QuoteDraft):
        prices = ", ".join(f"{each.unit_price} from {each.from_units:,}" for each in draft.breaks)
        return f"{prices} {draft.currency}, {draft.incoterm}, {draft.lead_time_days} days"
    places = []
    for target in draft.targets:
        known = find_marketplace(target.marketplace_id)
        places.append(f"{target.price} {known.currency} in {known.country_code}" if known is not None else "")
    return ", ".join(places) or "no marketplace yet"

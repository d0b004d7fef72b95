"""Use cases of files: leads, and a lead's quotes, from a table; a preview of every row first. For the tenant in scope.

What a file asks for is named by its content, so the same file again, or one that was cut off, enters nothing twice.
"""

import hashlib
from collections.abc import Callable, Iterable

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.ids import new_id
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing import quote_service, service, store
from quayside.sourcing.file_rules import Asked, FindPlace, read_leads, read_quotes, words
from quayside.sourcing.quote_rules import MOST_QUOTES
from quayside.sourcing.views import FileState, LeadDraft, QuoteDraft, SourcingFileRow, SourcingFileView, TargetDraft


def preview_leads(text: str, *, clock: Clock) -> SourcingFileView:
    """Say which leads a file would enter; nothing is stored.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    return _view(_judged_leads(text, clock))


def import_leads(text: str, *, clock: Clock) -> SourcingFileView:
    """Enter the new leads of a file as ideas; refused ones are left out and said, known ones stay as they are.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    judged = list(_judged_leads(text, clock))
    for asked, state in judged:
        if state == "new" and asked.draft is not None:
            service.create(asked.draft, clock=clock, entropy=_named(asked.draft))
    return _view(judged)


def preview_quotes(lead_id: str, text: str) -> SourcingFileView:
    """Say which quotes for a lead a file would enter; nothing is stored.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
        Conflict: the lead is approved.
    """
    return _view(_judged_quotes(lead_id, text))


def import_quotes(lead_id: str, text: str, *, clock: Clock) -> SourcingFileView:
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
    return _view(judged)


type _Judged[Draft] = Iterable[tuple[Asked[Draft], FileState]]


def _judged_leads(text: str, clock: Clock) -> _Judged[LeadDraft]:
    now, places = format_instant(clock.now()), service.places()
    for asked in read_leads(text, _finder()):
        if asked.draft is None:
            yield asked, "refused"
            continue
        lead_id = new_id(_named(asked.draft))
        try:
            service.lead_of(lead_id, asked.draft, now, places)
        except InvalidInput as refused:
            yield asked._replace(draft=None, problem=words(refused)), "refused"
            continue
        yield asked, "new" if store.find(lead_id) is None else "known"


def _judged_quotes(lead_id: str, text: str) -> _Judged[QuoteDraft]:
    quote_service.editable(lead_id)
    present = {each.read().quote_id for each in store.quotes(lead_id)}
    count = len(present)
    for asked in read_quotes(text):
        if asked.draft is None:
            yield asked, "refused"
            continue
        quote_id = new_id(_named(asked.draft))
        try:
            quote_service.quote_of(quote_id, asked.draft)
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
    open_accounts = [each.connection for each in connections.known() if each.has_data]

    def find(place: str, account: str) -> TargetDraft:
        wanted = place.casefold()
        found = [
            (connection, marketplace_id)
            for connection in open_accounts
            for marketplace_id in connection.marketplace_ids
            if (known := find_marketplace(marketplace_id)) is not None
            and wanted in {marketplace_id.casefold(), known.country_code.casefold(), known.name.casefold()}
        ]
        if not found:
            raise _wrong("marketplace", f"“{place[:40]}” is none where you sell; name it by country, such as US")
        named = [each for each in found if account in {"", each[0].connection_id, each[0].selling_partner_id}]
        if len(named) != 1:
            accounts = ", ".join(each[0].selling_partner_id for each in found)
            raise _wrong("account", f"has to be the one that sells there: {accounts}")
        connection, marketplace_id = named[0]
        return TargetDraft(connection.connection_id, marketplace_id, "")

    return find


def _wrong(field: str, problem: str) -> InvalidInput:
    return InvalidInput(f"{field} {problem}.", fields=(FieldProblem(field, problem),))


def _named(draft: LeadDraft | QuoteDraft) -> Callable[[int], bytes]:
    said = msgspec.json.encode([type(draft).__name__, draft])
    digest = hashlib.sha256(current_tenant().encode() + b"\n" + said).digest()
    return lambda count: digest[:count]


def _view[Draft: LeadDraft | QuoteDraft](judged: _Judged[Draft]) -> SourcingFileView:
    rows = tuple(
        SourcingFileRow(
            asked.lines, asked.name, state, _says(asked.draft) if asked.draft is not None else asked.problem
        )
        for asked, state in judged
    )
    new, known, refused = (sum(row.state == state for row in rows) for state in ("new", "known", "refused"))
    return SourcingFileView(new, known, refused, rows)


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

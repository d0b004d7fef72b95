"""Leads and quotes as files: rows of one name are one lead, rows of one supplier one quote. Pure.

A lead has a row for each marketplace where it is to be sold, a quote a row for each price by quantity. What belongs to
the whole of it is read from its first row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import msgspec

from quayside.kernel.file_rows import Asked, Cells, Told, asked_of, day, entered_as, rows_of, whole, wrong
from quayside.sourcing.quote_rules import INCOTERMS, MOST_BREAKS, MOST_QUOTES, DutyBase
from quayside.sourcing.rules import Package
from quayside.sourcing.views import LeadDraft, QuoteDraft, TargetDraft

LEAD_REQUIRED = ("name",)
_SIDES = ("length_mm", "width_mm", "height_mm", "weight_grams")
LEAD_COLUMNS = (*LEAD_REQUIRED, "marketplace", "price", "account", "asins", *_SIDES, "note", "lead_id")
MOST_LEAD_ROWS = 200

QUOTE_REQUIRED = ("supplier_name", "currency", "from_units", "unit_price")
_AMOUNTS = ("freight_unit", "duty_percent", "other_unit", "tooling")
_WHOLE = ("minimum_units", "carton_units", "lead_time_days")
_CHOICES = {"incoterm": INCOTERMS, "duty_base": get_args(DutyBase)}
_WORDS = (*_CHOICES, "note")
QUOTE_COLUMNS = (*QUOTE_REQUIRED, *_WHOLE, "incoterm", "valid_until", *_AMOUNTS, "duty_base", "note", "quote_id")
MOST_QUOTE_ROWS = MOST_QUOTES * MOST_BREAKS

type FindPlace = Callable[[str, str], TargetDraft]
"""Returns where a row's marketplace and account are, without a price; refuses what is none of the seller's."""


def read_leads(text: str, find: FindPlace) -> tuple[Asked[Told[LeadDraft]], ...]:
    """Read a file of leads.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    rows = rows_of(text, required=LEAD_REQUIRED, most=MOST_LEAD_ROWS, decimals=("price",))
    return tuple(asked_of(rows, LEAD_COLUMNS, lambda cells: _lead(cells, find), ("lead_id",)))


def read_quotes(text: str) -> tuple[Asked[Told[QuoteDraft]], ...]:
    """Read a file of quotes for one lead.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    rows = rows_of(text, required=QUOTE_REQUIRED, most=MOST_QUOTE_ROWS, decimals=("unit_price", *_AMOUNTS))
    return tuple(asked_of(rows, QUOTE_COLUMNS, _quote, ("quote_id",)))


def _lead(group: Sequence[Cells], find: FindPlace) -> Told[LeadDraft]:
    first = group[0]
    targets = []
    for cells in group:
        if cells["marketplace"]:
            place = msgspec.structs.asdict(find(cells["marketplace"], cells["account"]))
            targets.append(place | {"price": cells["price"]})
        elif cells["price"] or len(group) > 1:
            raise wrong("marketplace", "is needed beside a price, and in each of several rows of one lead")
    given = {"name": first["name"], "targets": targets, "note": first["note"], "package": _package(first)}
    draft = _draft(given | {"asins": first["asins"].replace(",", " ").split()}, LeadDraft)
    return Told(draft, entered_as(first, "lead_id"))


def _package(cells: Cells) -> Package | None:
    given = [cells[name] for name in _SIDES]
    if not any(given):
        return None
    if not all(given):
        raise wrong("length_mm", f"is given with all of {', '.join(_SIDES)}, or none of them is")
    return Package(*(whole(cells, name) for name in _SIDES))


def _quote(group: Sequence[Cells]) -> Told[QuoteDraft]:
    first = group[0]
    currencies = {cells["currency"].upper() for cells in group} - {""}
    if len(currencies) > 1:
        raise wrong("currency", f"is one for all prices of a supplier; here are {' and '.join(sorted(currencies))}")
    given: dict[str, object] = {name: whole(first, name) for name in _WHOLE if first[name]}
    given |= {name: first[name] for name in (*_AMOUNTS, *_WORDS) if first[name]}
    given |= {"incoterm": first["incoterm"].upper()} if first["incoterm"] else {}
    given |= {"valid_until": day(first, "valid_until")} if first["valid_until"] else {}
    given["breaks"] = [{"from_units": whole(each, "from_units"), "unit_price": each["unit_price"]} for each in group]
    given |= {"supplier_name": first["supplier_name"], "currency": first["currency"].upper()}
    return Told(_draft(given, QuoteDraft), entered_as(first, "quote_id"))


def _draft[Draft](given: Mapping[str, object], kind: type[Draft]) -> Draft:
    """Return a draft within the bounds that also hold for one that a form sends."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as problem:
        field = str(problem).rpartition("`$.")[2].rstrip("`")
        words_of = _CHOICES.get(field)
        raise wrong(field, f"has to be one of {', '.join(words_of)}" if words_of else "is too long") from problem

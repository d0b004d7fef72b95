"""What the API shows of alerts."""

from datetime import datetime

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.analytics.alert_rules import Alert, AlertKind
from quayside.kernel.figures import Figure, FigureInput, MethodCard, State, figure, method_card
from quayside.kernel.money import Money


class AlertView(msgspec.Struct, frozen=True):
    """A product, shipment or order that needs a look: what is the matter in a sentence, and the figure behind it.

    ``subject_id`` and ``name`` are those of the shipment or the order, and empty of a product; an order is of no
    marketplace and no country.
    """

    kind: AlertKind
    connection_id: str
    marketplace_id: str
    country_code: str
    seller_sku: str
    sentence: str
    figure: Figure
    subject_id: str
    name: str


class AlertList(msgspec.Struct, frozen=True):
    """The gravest alerts; ``found`` is how many there are, and ``as_of`` when the oldest were worked out."""

    as_of: str
    alerts: tuple[AlertView, ...]
    found: int


_ORDERS = "Amazon orders, added up per day as they arrive"
_RETURNS = "Amazon's report of FBA returns, added up per day as it is read"
_MONEY = "Amazon transactions (Finances API 2024-06-19), added up per day as they are posted"
_STOCK = "Stock, orders on their way and expected demand, as on the page of restock"
_LEGS = "The days that you entered for the legs of your shipments"
_PURCHASES = "Your purchase orders and their receipts"
_BEYOND = "Counted only if it is beyond twice the standard deviation of such counts."


def alert_view(connection_id: str, alert: Alert, made_at: datetime) -> AlertView:
    """Return an alert as it is shown."""
    place = find_marketplace(alert.marketplace_id)
    return AlertView(
        alert.kind,
        connection_id,
        alert.marketplace_id,
        alert.marketplace_id if place is None else place.country_code,
        alert.seller_sku,
        _sentence(alert),
        _figure(alert, made_at),
        alert.subject_id,
        alert.name,
    )


def _sentence(alert: Alert) -> str:  # noqa: PLR0911 - a sentence a kind
    value, expected = alert.value, alert.expected
    match alert.kind:
        case "stock_out" if value <= 0:
            return f"Out of stock at what is expected; an order of today takes {_days(expected)}"
        case "stock_out":
            return f"Runs out in {_days(value)}; an order of today takes {_days(expected)}"
        case "late_shipment":
            return f"{_days(value)} later than planned"
        case "late_order":
            return f"Expected {_days(value)} ago, and units are still to come"
        case "sales_drop":
            return f"Sold {_units(value)} in 7 days, before {_units(expected)} a week"
        case "return_spike":
            return f"{_units(value)} came back in 14 days, {_units(expected)} would be usual"
        case "fee_change":
            return f"Fulfilment fee {_money(alert, value)} a unit, before {_money(alert, expected)}"


def _figure(alert: Alert, made_at: datetime) -> Figure:
    def made(unit: str, state: State, source: str, method: MethodCard) -> Figure:
        currency = alert.currency if unit == "minor" else None
        if unit == "days":
            return figure(alert.value, unit="days", as_of=made_at, state=state, source=source, method=method)
        if unit == "minor":
            return figure(
                alert.value, unit="minor", currency=currency, as_of=made_at, state=state, source=source, method=method
            )
        return figure(alert.value, unit="units", as_of=made_at, state=state, source=source, method=method)

    value, expected = alert.value, alert.expected
    match alert.kind:
        case "stock_out":
            card = method_card(
                "alert.stock_out",
                "Stock-out soon",
                "Days until stock and what is on its way are used up, no more than the days an order takes",
                f"{_days(value)} of stock, {_days(expected)} until an order of today arrives",
                inputs=(FigureInput("Runs out in", value, "days"), FigureInput("An order takes", expected, "days")),
                notes=("By the lead times and the demand on the page of restock.",),
            )
            return made("days", "estimated", _STOCK, card)
        case "late_shipment":
            card = method_card(
                "alert.late_shipment",
                "Late shipment",
                "Days by which a shipment arrives later than planned, or its present leg ends later, whichever is more",
                f"{_days(value)} late",
                inputs=(FigureInput("Late by", value, "days"),),
                notes=("Legs that are left take their measured median, else the days planned.",),
            )
            return made("days", "estimated", _LEGS, card)
        case "late_order":
            card = method_card(
                "alert.late_order",
                "Late order",
                "Days since the day on which a purchase order was expected, while units of it are still to come",
                f"expected {_days(value)} ago",
                inputs=(FigureInput("Late by", value, "days"),),
                notes=("By the day entered in the order, and the receipts entered so far.",),
            )
            return made("days", "posted", _PURCHASES, card)
        case "sales_drop":
            card = method_card(
                "alert.sales_drop",
                "Sales drop",
                "Units of the last 7 whole days, at most half of a week of the 28 days before",
                f"{_units(value)} against {_units(expected)}",
                inputs=(FigureInput("Last 7 days", value, "units"), FigureInput("A week before", expected, "units")),
                notes=(_BEYOND, "A day is a day of the marketplace's own time zone, by the time of purchase."),
            )
            return made("units", "posted", _ORDERS, card)
        case "return_spike":
            card = method_card(
                "alert.return_spike",
                "Return spike",
                "Units that came back in the last 14 whole days, at least twice what the 56 days before let expect",
                f"{_units(value)} against {_units(expected)}",
                inputs=(FigureInput("Last 14 days", value, "units"), FigureInput("Usual", expected, "units")),
                notes=(
                    _BEYOND,
                    "Where sales grew, as many more returns are expected.",
                    "Of all marketplaces of the account: Amazon does not say where a returned unit was sold.",
                ),
            )
            return made("units", "posted", _RETURNS, card)
        case "fee_change":
            card = method_card(
                "alert.fee_change",
                "Fee change",
                "Median of Amazon's fulfilment fee for a unit on the days of the last 14, 5 % or more from that of "
                "the 56 days before",
                f"{_money(alert, value)} against {_money(alert, expected)}",
                inputs=(FigureInput("Last 14 days", value, "minor"), FigureInput("Before", expected, "minor")),
                notes=("Check the size and weight Amazon has on file for the product.",),
            )
            return made("minor", "posted", _MONEY, card)


def _days(count: int) -> str:
    return f"{count:,} day" if count == 1 else f"{count:,} days"


def _units(count: int) -> str:
    return f"{count:,} unit" if count == 1 else f"{count:,} units"


def _money(alert: Alert, minor: int) -> str:
    return f"{Money(minor, alert.currency or 'USD').to_decimal():,} {alert.currency}"

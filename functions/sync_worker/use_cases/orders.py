"""Commands about orders, and about where an order goes that the seller ships."""

from typing import TYPE_CHECKING

from quayside.fulfilment import service as fulfilment
from quayside.orders.service import apply_orders
from quayside.sync import datasets, recipients, reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

_store_orders = fulfilment.with_recipients(apply_orders)

USE_CASES: "Mapping[Kind, UseCase]" = {
    "orders.fetch": datasets.fetch_order(_store_orders),
    "orders.search": datasets.search_orders(_store_orders, reports.plan),
    "orders.history": reports.orders_history,
    "recipients.find": recipients.find(fulfilment.apply_recipients),
    "recipients.fetch": recipients.fetch(fulfilment.apply_recipients),
    "personal_data.destroy": fulfilment.destroy_recipient,
    "personal_data.forget": fulfilment.forget_recipients,
}

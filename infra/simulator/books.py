"""Stock and money in double entry: every movement leaves one account and enters another, so they cannot disagree.

An account belongs to a seller and a commodity: a currency (minor units), or the units of one listing. The journal is
kept per day, so that a year of 50,000 orders stays small; balances are its sums.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from infra.simulator.clock import DAY

# Stock: where units can be. SUPPLIER and CUSTOMERS lie outside Amazon's warehouses.
SUPPLIER = "supplier"
INBOUND_WORKING = "inbound_working"
INBOUND_SHIPPED = "inbound_shipped"
INBOUND_RECEIVING = "inbound_receiving"
FULFILLABLE = "fulfillable"
RESERVED_CUSTOMER = "reserved_customer_orders"
RESERVED_TRANSFER = "reserved_transfer"
RESERVED_PROCESSING = "reserved_processing"
UNFULFILLABLE_CUSTOMER = "unfulfillable_customer_damaged"
UNFULFILLABLE_WAREHOUSE = "unfulfillable_warehouse_damaged"
RESEARCHING = "researching"
CUSTOMERS = "customers"
# Sent to Amazon, but never counted in there.
LOST_INBOUND = "lost_inbound"
WAREHOUSE_ACCOUNTS = (
    INBOUND_WORKING,
    INBOUND_SHIPPED,
    INBOUND_RECEIVING,
    FULFILLABLE,
    RESERVED_CUSTOMER,
    RESERVED_TRANSFER,
    RESERVED_PROCESSING,
    UNFULFILLABLE_CUSTOMER,
    UNFULFILLABLE_WAREHOUSE,
    RESEARCHING,
)
UNDETECTED = frozenset({SUPPLIER, INBOUND_WORKING, INBOUND_SHIPPED, INBOUND_RECEIVING})
# What can be sold now or soon: decides when to restock.
SUPPLY = (FULFILLABLE, INBOUND_WORKING, INBOUND_SHIPPED, INBOUND_RECEIVING)
# Money: SALES, SHIPPING_INCOME, TAX_COLLECTED are sources; the balance is what Amazon owes the seller.
SALES = "sales"
SHIPPING_INCOME = "shipping_income"
TAX_COLLECTED = "tax_collected"
TAX_WITHHELD = "tax_withheld"
DISCOUNTS = "discounts"
REFERRAL_FEES = "referral_fees"
FULFILMENT_FEES = "fulfilment_fees"
REFUNDS = "refunds"
BALANCE = "amazon_balance"
BANK = "bank"


@dataclass(frozen=True, slots=True)
class Movement:
    """One day's total that left ``origin`` and entered ``target`` for one seller and commodity."""

    seller: int
    day: int
    origin: str
    target: str
    commodity: str
    amount: int
    count: int


class Books:
    """The ledger of all sellers. ``commodity`` is a currency code or ``units:<listing>``; amounts are whole units."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._balances: defaultdict[tuple[int, str, str], int] = defaultdict(int)
        self._pending: dict[tuple[int, int, str, str, str], list[int]] = {}
        for seller, account, commodity, amount in connection.execute(
            "SELECT seller, account, commodity, amount FROM balances"
        ):
            self._balances[seller, account, commodity] = amount

    def post(  # noqa: PLR0913, PLR0917  a movement is these six, in the order in which one says them
        self, seller: int, at_ms: int, origin: str, target: str, commodity: str, amount: int
    ) -> None:
        """Move ``amount`` from ``origin`` to ``target``; zero moves nothing, a negative amount is a ValueError."""
        if amount <= 0:
            if amount == 0:
                return
            raise ValueError("a movement is positive: swap the accounts to move back")
        self._balances[seller, origin, commodity] -= amount
        self._balances[seller, target, commodity] += amount
        entry = self._pending.get(key := (seller, at_ms // DAY, origin, target, commodity))
        if entry is None:
            self._pending[key] = [amount, 1]
        else:
            entry[0] += amount
            entry[1] += 1

    def balance(self, seller: int, account: str, commodity: str) -> int:
        """Return what an account holds: everything that entered minus everything that left."""
        return self._balances.get((seller, account, commodity), 0)

    def balances(self) -> Iterator[tuple[int, str, str, int]]:
        """Yield (seller, account, commodity, balance) of every account that was ever used."""
        for (seller, account, commodity), amount in self._balances.items():
            yield seller, account, commodity, amount

    def flush(self) -> None:
        """Write the movements since the last flush into the journal."""
        self._connection.executemany(
            "INSERT INTO journal (seller, day, origin, target, commodity, amount, count) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, count = count + excluded.count",
            [(*key, amount, count) for key, (amount, count) in self._pending.items()],
        )
        changed = {
            key
            for seller, _, origin, target, commodity in self._pending
            for key in ((seller, origin, commodity), (seller, target, commodity))
        }
        self._connection.executemany(
            "INSERT OR REPLACE INTO balances (seller, account, commodity, amount) VALUES (?, ?, ?, ?)",
            [(*key, self._balances[key]) for key in changed],
        )
        self._pending.clear()

    def journal(self, seller: int) -> Iterator[Movement]:
        """Yield a seller's movements, oldest day first."""
        self.flush()
        for row in self._connection.execute(
            "SELECT seller, day, origin, target, commodity, amount, count FROM journal WHERE seller = ? ORDER BY day",
            (seller,),
        ):
            yield Movement(*row)

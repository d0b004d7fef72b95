"""Settlements of twelve simulated months with 200,000 transactions: residuals to the cent, and totals by kind.

The simulator writes a seller of two currencies (190,000 orders), lets everything ship, be refunded and be paid out, and
tells it as Amazon does: ``listTransactions`` page by page, deferred money twice, and one settlement file every fourteen
days and currency. Both go through the product's own readers and rules; they are not stored, for writing a million lines
to the embedded AWS would measure that. What reaches the store is tested by the integration tests.

Compared are, in minor units:

- each settlement's total with its lines: the residual, which is nothing as long as every kind is known;
- the same file with names of tomorrow on some lines and one line lost: the residual then equals the lines that are
  listed for it and what was on the lost line, and what is left is unexplained;
- totals by kind of each settlement's lines with those of the transactions that name this settlement;
- totals by kind of all transactions with the simulator's double-entry ledger.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from infra.simulator import books as accounts
from infra.simulator.answers import Request
from infra.simulator.clock import DAY, SimulatorClock, iso
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.reports.making import Wanted
from infra.simulator.reports.settlements import SETTLEMENT
from infra.simulator.settlements import Settlement, by_number, marketplaces_of
from infra.simulator.sp_api.finances import FinancesApi
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.storage import Storage
from infra.simulator.world import World
from quayside.amazon.finances import decode_transactions
from quayside.amazon.reports import KINDS, Cutter, layout_of, read_piece
from quayside.amazon.reports import SETTLEMENT as SETTLEMENT_REPORT
from quayside.finance.amount_rules import AmountKind, amounts_of, counts, line_kind
from quayside.finance.rules import LineFacts, StatementFacts
from quayside.finance.service import line_facts, statement_facts, transaction_facts
from quayside.finance.settlement_rules import Reconciliation, reconcile
from tests.bench.catalogue import Result
from tests.bench.harness import Run

if TYPE_CHECKING:
    from infra.simulator.world import Seller
    from quayside.amazon.report_rows import SettlementRow
    from quayside.finance.rules import TransactionFacts

ORDERS = 190_000
DAYS = 365
AFTERWARDS_DAYS = 80
"""Until the last order is shipped, refunded, told, released and paid out."""
SEED = 20261122
STRANGE_EVERY = 400
"""One line in so many gets a name that nobody knows."""
_WINDOW_DAYS = 170

type Sums = Counter[tuple[str, AmountKind]]
type Numbered = tuple[int, LineFacts]


class _File(NamedTuple):
    settlement_id: str
    statement: StatementFacts
    lines: Sequence[Numbered]


def measure(run: Run) -> Result:
    """Make the year, read it as the product does, and compare."""
    clock = SimulatorClock.manual(datetime(2026, 6, 1, tzinfo=UTC))
    world = World(Storage(), clock, seed=SEED)
    seller = world.create_seller("large-north-america", history_days=DAYS, history_orders=run.share(ORDERS))
    world.change_seller(seller, demand=0.0)
    for _ in range(AFTERWARDS_DAYS):
        clock.advance(DAY / 1000)
        world.step()
    world.flush()
    run.say("Amazon's side holds the year; everything is paid out.")
    told = _Told(world, seller)
    run.say(f"{told.transactions} transactions are read and classified.")
    result = _settlements(run, world, seller, told)
    differences = _ledger_differences(world, seller, told.by_kind)
    return {
        **result,
        "type_differences": result["settlement_type_differences"] + len(differences),
        "ledger_type_differences": len(differences),
        "transactions": told.transactions,
        "unclassified_transactions": told.unclassified,
        "kinds": len({kind for _, kind in told.by_kind}),
        "currencies": len({currency for currency, _ in told.by_kind}),
    }


class _Told:
    """What ``listTransactions`` tells, classified: totals by kind, of all and of each settlement."""

    def __init__(self, world: World, seller: "Seller") -> None:
        self.transactions = self.unclassified = 0
        self.by_kind: Sums = Counter()
        self.by_settlement: dict[str, Sums] = defaultdict(Counter)
        for facts in _transactions(world, seller):
            self.transactions += 1
            if counts(facts):
                self._add(facts, facts.related_to("SETTLEMENT_ID"))

    def _add(self, facts: "TransactionFacts", settlement: str | None) -> None:
        found = amounts_of(facts)
        self.unclassified += any(each.kind is AmountKind.UNCLASSIFIED for each in found)
        for each in found:
            key = (str(facts.currency), each.kind)
            self.by_kind[key] += each.amount_minor
            if settlement is not None:
                self.by_settlement[settlement][key] += each.amount_minor


def _transactions(world: World, seller: "Seller") -> Iterator["TransactionFacts"]:
    answer = FinancesApi(world, PageTokens(SEED.to_bytes(8))).offers()["listTransactions"]
    path = "/finances/2024-06-19/transactions"
    after = world.now_ms - (DAYS + AFTERWARDS_DAYS + 60) * DAY
    while after < (latest := world.now_ms - DAY // 24):
        before = min(after + _WINDOW_DAYS * DAY, latest)
        query: dict[str, list[str]] = {"postedAfter": [iso(after)], "postedBefore": [iso(before)]}
        while True:
            _, document = answer(seller, Request("GET", path, query), {})
            page = decode_transactions(msgspec.json.encode(document))
            for each in page.transactions:
                yield transaction_facts(each)
            if page.next_token is None:
                break
            query = {**query, "nextToken": [page.next_token]}
        after = before


def _settlements(run: Run, world: World, seller: "Seller", told: _Told) -> dict[str, int]:
    chance = Random(SEED)
    residual = unexplained = differences = lines = strange = 0
    numbers = [row[0] for row in world.storage.connection.execute("SELECT pk FROM settlements ORDER BY pk")]
    for number in numbers:
        file = _read(world, seller, by_number(world, number))
        lines += len(file.lines)
        found = reconcile(file.statement, file.lines)
        residual = max(residual, abs(found.residual_minor))
        unexplained = max(unexplained, abs(found.residual_minor - _listed(file, found)))
        differences += _differs(file, told.by_settlement[file.settlement_id])
        altered, lost = _altered(file, chance)
        found = reconcile(altered.statement, altered.lines)
        strange += sum(each.lines for each in found.kinds if each.kind is AmountKind.UNCLASSIFIED)
        unexplained = max(unexplained, abs(found.residual_minor - _listed(altered, found) - lost))
    run.say(f"{len(numbers)} settlements with {lines} lines are reconciled, and again with {strange} strange lines.")
    return {
        "settlements": len(numbers),
        "lines": lines,
        "max_residual_minor": residual,
        "max_unexplained_minor": unexplained,
        "settlement_type_differences": differences,
        "strange_lines": strange,
    }


def _read(world: World, seller: "Seller", settlement: Settlement) -> _File:
    """Read a settlement's file as the report engine does."""
    places = marketplaces_of(seller, settlement)
    wanted = Wanted(seller, places, settlement.start, settlement.end, world.now_ms, settlement=settlement.pk)
    text = "".join(SETTLEMENT.chunks(world, wanted)).encode(SETTLEMENT.encoding(wanted))
    kind = KINDS[SETTLEMENT_REPORT]
    cutter = Cutter(kind, places)
    pieces = list(cutter.cut([text]))
    kept = cutter.kept
    if kept.header is None:
        raise ValueError("A settlement has no header.")
    layout = layout_of(kind, kept.header, kept.encoding)
    carried: dict[str, str] = {}
    rows: list[SettlementRow] = []
    for piece, packed in zip(kept.pieces, pieces, strict=True):
        read = read_piece(kind, layout, packed, piece.first_line, carried)
        if read.bad:
            raise ValueError(f"A line could not be read: {read.bad[0]}.")
        rows += read.rows  # type: ignore[arg-type]  # this kind's rows are SettlementRow
    (summary,) = [row for row in rows if row.is_summary]
    lines = [(row.line, line_facts(row)) for row in rows if not row.is_summary]
    return _File(settlement.settlement_id, statement_facts(summary), lines)


def _listed(file: _File, found: Reconciliation) -> int:
    """Return the sum of the lines that are listed for a residual, and make sure that all of them are counted."""
    listed = [line.amount_minor for _, line in file.lines if line_kind(line) is AmountKind.UNCLASSIFIED]
    if len(listed) != len(found.named) + found.unnamed:
        raise ValueError("A residual names other lines than those of unknown kind.")
    return sum(listed)


def _altered(file: _File, chance: Random) -> tuple[_File, int]:
    """Give some lines names of tomorrow and lose one; return the file and what was on the lost line."""
    place = chance.randrange(len(file.lines)) if file.lines else 0
    lines: list[Numbered] = []
    for at, (number, line) in enumerate(file.lines):
        if at == place:
            continue
        if chance.randrange(STRANGE_EVERY) == 0:
            name = f"Entry of tomorrow {at % 7}"
            strange = {"transaction_type": "other-transaction", "amount_type": "other-transaction"}
            lines.append((number, msgspec.structs.replace(line, amount_description=name, **strange)))
        else:
            lines.append((number, line))
    lost = file.lines[place][1].amount_minor if file.lines else 0
    return _File(file.settlement_id, file.statement, lines), lost


def _differs(file: _File, told: Mapping[tuple[str, AmountKind], int]) -> int:
    """Count the kinds whose sum on the lines is another than in the transactions of the settlement."""
    # A settlement's reserve is between two settlements, and its payout is its total: no transactions within it.
    of_settlements = {AmountKind.RESERVE, AmountKind.PAYOUT}
    sums: Sums = Counter()
    for _, line in file.lines:
        sums[line.currency, line_kind(line)] += line.amount_minor
    keys = {key for key in (*sums, *told) if key[1] not in of_settlements}
    return sum(sums[key] != told.get(key, 0) for key in keys)


def _ledger_differences(world: World, seller: "Seller", told: Sums) -> list[str]:
    """Name what the ledger holds otherwise than the transactions of its kind add up to."""
    moved: Counter[tuple[str, str, str]] = Counter()
    for each in world.books.journal(seller.pk):
        moved[each.commodity, each.origin, each.target] += each.amount
    differences = []
    for currency in sorted({MARKETPLACES[place].currency for place in seller.marketplaces}):

        def net(origin: str, target: str, currency: str = currency) -> int:
            return moved[currency, origin, target] - moved[currency, target, origin]

        ledger = {
            "sales": (net(accounts.SALES, accounts.BALANCE), (AmountKind.PRODUCT_SALES,)),
            "shipping": (net(accounts.SHIPPING_INCOME, accounts.BALANCE), (AmountKind.SHIPPING_INCOME,)),
            "discounts": (net(accounts.DISCOUNTS, accounts.BALANCE), (AmountKind.PROMOTION,)),
            "referral fees": (net(accounts.REFERRAL_FEES, accounts.BALANCE), (AmountKind.REFERRAL_FEE,)),
            "fulfilment fees": (net(accounts.FULFILMENT_FEES, accounts.BALANCE), (AmountKind.FULFILMENT_FEE,)),
            "refunds": (
                net(accounts.REFUNDS, accounts.BALANCE),
                (AmountKind.REFUNDED_SALES, AmountKind.REFUNDED_PROMOTION),
            ),
            "tax collected": (net(accounts.TAX_COLLECTED, accounts.TAX_WITHHELD), (AmountKind.TAX_COLLECTED,)),
            "tax withheld": (net(accounts.TAX_WITHHELD, accounts.TAX_COLLECTED), (AmountKind.TAX_WITHHELD,)),
            "payouts": (net(accounts.BALANCE, accounts.BANK), (AmountKind.PAYOUT,)),
        }
        covered = {kind for _, kinds in ledger.values() for kind in kinds}
        differences += [
            f"{currency} {name}"
            for name, (amount, kinds) in ledger.items()
            if amount != sum(told[currency, kind] for kind in kinds)
        ]
        differences += [
            f"{currency} {kind}: nothing of the kind is in the ledger"
            for of, kind in told
            if of == currency and kind not in covered and told[of, kind]
        ]
    return differences

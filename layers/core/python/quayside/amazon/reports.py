"""Amazon's report files: which kinds there are, how a file is cut for keeping, and how kept pieces become rows. Pure.

A file goes through here twice. *Cutting* takes what Amazon sends, piece of a stream by piece of a stream: it drops the
columns with personal data before anything is kept, and makes gzip members of eight megabytes each, so that a later
reader can begin at any of them. *Reading* turns one such piece into typed rows with their line numbers.

Flat files are not CSV: a quotation mark in a title means nothing, so cells are what stands between tabs. Only a file
whose whole header stands in quotation marks quotes its cells too. Headers are written in the language of the
marketplace and compared without regard to case, spaces and remarks in brackets. Encodings differ by country and are
not announced: a file that is UTF-8 throughout is read as that, any other line by line.
"""

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Literal

import msgspec

from quayside.amazon.report_rows import (
    BadCell,
    BadRow,
    Carried,
    Cells,
    Row,
    SettlementRow,
    TrafficRow,
    advice_row,
    any_text,
    count,
    explain,
    instant,
    listing_row,
    optional_count,
    optional_instant,
    optional_number,
    order_row,
    return_row,
    settlement_row,
    some_text,
    traffic_rows,
)

PIECE_BYTES = 8 << 20
"""How much of a file one piece holds before it is packed."""
_PACKED = 1
"""zlib's level: a report shrinks to a sixth of its size at once, and to a seventh in four times the time."""
_GZIP = 31
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = "\ufeff"
_JAPAN = "A1VC38T7YXB528"

_HOUR = 3600


class Column(msgspec.Struct, frozen=True):
    """A column that rows are made of.

    Attributes:
        name: its canonical name.
        read: reads one of its cells, to find out which cell of a bad row is at fault.
        spellings: how else Amazon writes it.
        required: whether a file without it is no file of this kind.
    """

    name: str
    read: Callable[[str], object] = any_text
    spellings: tuple[str, ...] = ()
    required: bool = False


class ReportKind(msgspec.Struct, frozen=True, kw_only=True):
    """A type of report.

    Attributes:
        name: Amazon's type.
        title: its name for people.
        format: tab-separated text, or JSON.
        minimum_interval_seconds: Amazon's hidden limit: the same report asked for again sooner is cancelled.
        maximum_days: how many days one report may cover; 0 when it is a picture of the present.
        columns: what rows are made of, in the order of their cells.
        row: makes a row of its cells.
        personal_columns: columns of personal data; they are dropped before anything is kept.
        ordinary_columns: known columns that no row is made of and nothing speaks against keeping.
        grouped_by: the column whose equal cells belong together, for rows of one order may be scattered over a file.
        row_begins: what the first cell of a row looks like, for files with personal data: what looks otherwise is a
            torn row whose cells can't be told apart.
        is_snapshot: whether a file lists all there is, so that an empty one after a full one is suspicious.
        options: options the report is asked for with.
    """

    name: str
    title: str
    format: Literal["tsv", "json"] = "tsv"
    minimum_interval_seconds: int
    maximum_days: int
    columns: tuple[Column, ...] = ()
    row: Callable[[Cells, int, Carried], Row] | None = None
    personal_columns: frozenset[str] = frozenset()
    ordinary_columns: frozenset[str] = frozenset()
    grouped_by: str = ""
    row_begins: str = ""
    is_snapshot: bool = False
    options: tuple[tuple[str, str], ...] = ()


ORDERS_BY_ORDER_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
ORDERS_BY_LAST_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
MERCHANT_LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
CUSTOMER_RETURNS = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
TRAFFIC = "GET_SALES_AND_TRAFFIC_REPORT"
RESTOCK_ADVICE = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"

_ORDER_COLUMNS = (
    Column("amazon-order-id", some_text, ("Amazonの注文番号", "amazon-注文番号"), required=True),
    Column("purchase-date", instant, ("購入日",), required=True),
    Column("last-updated-date", instant, ("最終更新日",), required=True),
    Column("order-status", some_text, ("注文状況",), required=True),
    Column("fulfillment-channel", any_text, ("fulfilment-channel", "フルフィルメントチャネル"), required=True),
    Column("sales-channel", any_text, ("販売経路",), required=True),
    Column("product-name", any_text, ("商品名",)),
    Column("sku", any_text, ("SKU",), required=True),
    Column("asin", any_text, ("ASIN",), required=True),
    Column("item-status", any_text, ("商品のステータス",)),
    Column("quantity", count, ("数量",), required=True),
    Column("currency", any_text, ("通貨",), required=True),
    Column("item-price", optional_number, ("商品の価格",), required=True),
    Column("item-tax", optional_number, ("商品の税金",)),
    Column("shipping-price", optional_number, ("配送料",)),
    Column("shipping-tax", optional_number, ("配送料の税金",)),
    Column("gift-wrap-price", optional_number, ("ギフト包装料",)),
    Column("gift-wrap-tax", optional_number, ("ギフト包装料の税金",)),
    Column("item-promotion-discount", optional_number, ("商品のプロモーション割引",)),
    Column("ship-promotion-discount", optional_number, ("配送料のプロモーション割引",)),
    Column("is-replacement-order"),
)
_ORDER_PERSONAL = frozenset(
    {
        "ship-city", "ship-state", "ship-postal-code", "buyer-name", "buyer-email", "buyer-phone-number",
        "buyer-company-name", "recipient-name", "ship-address-1", "ship-address-2", "ship-address-3",
        "ship-phone-number", "purchase-order-number", "gift-message-text", "customized-url", "customized-page",
        "cpf", "buyer-tax-registration-id",
    }
)  # fmt: skip
_ORDER_ORDINARY = frozenset(
    {
        "merchant-order-id", "order-channel", "url", "ship-service-level", "ship-country", "promotion-ids",
        "is-business-order", "price-designation", "is-iba", "fulfilled-by", "original-order-id", "is-exchange-order",
    }
)  # fmt: skip
_ORDER_BEGINS = r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}"


def _orders(name: str, title: str) -> ReportKind:
    return ReportKind(
        name=name,
        title=title,
        minimum_interval_seconds=_HOUR // 2,
        maximum_days=30,
        columns=_ORDER_COLUMNS,
        row=order_row,
        personal_columns=_ORDER_PERSONAL,
        ordinary_columns=_ORDER_ORDINARY,
        grouped_by="amazon-order-id",
        row_begins=_ORDER_BEGINS,
    )


KINDS: dict[str, ReportKind] = {
    each.name: each
    for each in (
        _orders(ORDERS_BY_ORDER_DATE, "Orders by date of purchase"),
        _orders(ORDERS_BY_LAST_UPDATE, "Orders by date of last change"),
        ReportKind(
            name=MERCHANT_LISTINGS,
            title="All listings",
            minimum_interval_seconds=_HOUR // 2,
            maximum_days=0,
            is_snapshot=True,
            row=listing_row,
            columns=(
                Column(
                    "seller-sku", some_text,
                    (
                        "Händler-SKU", "sku-vendeur", "SKU venditore", "sku-venditore", "SKU del vendedor",
                        "sku-vendedor", "出品者SKU", "卖家 SKU", "sku-sprzedawcy", "sku-البائع",
                    ),
                    required=True,
                ),
                Column("asin1", any_text, ("ASIN 1", "asin")),
                Column(
                    "listing-id", any_text,
                    (
                        "Angebotsnummer", "id-offre", "Numero offerta", "numero-offerta", "Identificador del listing",
                        "出品ID", "identyfikator-oferty", "رقم-العرض",
                    ),
                ),
                Column(
                    "item-name", any_text,
                    (
                        "Artikelbezeichnung", "nom-produit", "Nome dell'articolo", "nome-articolo",
                        "Título del producto", "nombre-producto", "商品名", "商品名称", "nazwa-produktu", "اسم-المنتج",
                    ),
                ),
                Column(
                    "price", optional_number,
                    ("Preis", "prix", "Prezzo", "Precio", "価格", "价格", "cena", "السعر"), required=True,
                ),
                Column(
                    "quantity", optional_count,
                    ("Menge", "quantité", "Quantità", "Cantidad", "数量", "ilość", "الكمية"), required=True,
                ),
                Column(
                    "open-date", any_text,
                    (
                        "Erstellungsdatum", "date-ouverture", "Data di creazione", "data-creazione",
                        "Fecha de creación", "出品日", "开售日期", "data-otwarcia", "تاريخ-مفتوح",
                    ),
                ),
                Column(
                    "fulfillment-channel", any_text,
                    (
                        "fulfilment-channel", "Versender", "canal-traitement", "canal-gestion", "Canale di gestione",
                        "canale-gestione", "Canal de gestión logística", "canal-gestión-logística",
                        "フルフィルメント・チャンネル", "配送渠道", "kanał-realizacji", "قناة-الشحن",
                    ),
                    required=True,
                ),
                Column(
                    "status", any_text, ("état", "statut", "stato", "estado", "ステータス", "状态", "durum", "الحالة"),
                ),
                Column(
                    "item-condition", any_text,
                    (
                        "Artikelzustand", "état-produit", "Condizione dell'articolo", "condizione-articolo",
                        "Estado del producto", "コンディション", "商品状况", "stan-produktu", "حالة-المنتج",
                    ),
                ),
                Column(
                    "product-id", any_text,
                    (
                        "Produkt-ID", "id-produit", "Identificativo del prodotto", "id-prodotto",
                        "Identificador del producto", "商品ID", "商品编码", "identyfikator-produktu", "رقم-المنتج",
                    ),
                ),
                Column(
                    "product-id-type", any_text,
                    (
                        "Produkt-ID-Typ", "type-id-produit", "Tipo di identificativo del prodotto", "tipo-id-prodotto",
                        "Tipo de identificador de producto", "商品IDタイプ", "商品编码类型",
                        "typ-identyfikatora-produktu", "نوع-رقم-المنتج",
                    ),
                ),
                Column(
                    "merchant-shipping-group", any_text,
                    (
                        "Händlerversandgruppe", "groupe-expédition-vendeur", "gruppo-spedizione-venditore",
                        "grupo-envío-vendedor", "Grupo de envío del vendedor", "卖家配送组", "grupa-wysyłki-sprzedawcy",
                    ),
                ),
            ),
        ),
        ReportKind(
            name=CUSTOMER_RETURNS,
            title="FBA customer returns",
            minimum_interval_seconds=4 * _HOUR,
            maximum_days=30,
            row=return_row,
            row_begins=r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}\S*(?: .*)?",
            personal_columns=frozenset({"customer-comments", "buyer-name", "buyer-email"}),
            columns=(
                Column("return-date", instant, ("返品日",), required=True),
                Column("order-id", some_text, ("注文番号",), required=True),
                Column("sku", any_text, ("出品者SKU",), required=True),
                Column("asin", any_text, ()),
                Column("fnsku", any_text, ()),
                Column("product-name", any_text, ("商品名",)),
                Column("quantity", count, ("数量",), required=True),
                Column("fulfillment-center-id", any_text, ("fulfilment-center-id", "fulfilment-centre-id")),
                Column("detailed-disposition", any_text, ()),
                Column("reason", any_text, ("返品理由",)),
                Column("status", any_text, ("ステータス",)),
                Column("license-plate-number", any_text, ()),
            ),
        ),
        ReportKind(
            name=SETTLEMENT,
            title="Settlement",
            minimum_interval_seconds=0,
            maximum_days=0,
            row=settlement_row,
            columns=(
                Column("settlement-id", some_text, (), required=True),
                Column("settlement-start-date", optional_instant, (), required=True),
                Column("settlement-end-date", optional_instant, (), required=True),
                Column("deposit-date", optional_instant, (), required=True),
                Column("total-amount", optional_number, (), required=True),
                Column("currency", any_text, (), required=True),
                Column("transaction-type", any_text, (), required=True),
                Column("order-id", any_text, (), required=True),
                Column("merchant-order-id", any_text, ()),
                Column("adjustment-id", any_text, ()),
                Column("shipment-id", any_text, ()),
                Column("marketplace-name", any_text, ()),
                Column("amount-type", any_text, (), required=True),
                Column("amount-description", any_text, (), required=True),
                Column("amount", optional_number, (), required=True),
                Column("posted-date", optional_instant, ()),
                Column("posted-date-time", optional_instant, ()),
                Column("order-item-code", any_text, ()),
                Column("sku", any_text, (), required=True),
                Column("quantity-purchased", optional_count, ()),
                Column("promotion-id", any_text, ()),
            ),
        ),
        ReportKind(
            name=RESTOCK_ADVICE,
            title="Restock recommendations",
            minimum_interval_seconds=_HOUR,
            maximum_days=0,
            is_snapshot=True,
            row=advice_row,
            ordinary_columns=frozenset(
                {
                    "product-name", "fnsku", "condition", "supplier", "supplier-part-no.", "currency-code", "price",
                    "sales-last-30-days", "units-sold-last-30-days", "total-units", "inbound", "available",
                    "fc-transfer", "fc-processing", "customer-order", "unfulfillable", "working", "shipped",
                    "receiving", "fulfilled-by", "days-of-supply-at-amazon-fulfillment-network", "unit-storage-size",
                }
            ),
            columns=(
                Column("country"),
                Column("merchant-sku", some_text, required=True),
                Column("asin"),
                Column("total-days-of-supply"),
                Column("alert"),
                Column("recommended-replenishment-qty", optional_count, required=True),
                Column("recommended-ship-date"),
                Column("recommended-action"),
            ),
        ),
        ReportKind(
            name=TRAFFIC,
            title="Sales and traffic",
            format="json",
            minimum_interval_seconds=4 * _HOUR,
            maximum_days=1,
            options=(("dateGranularity", "DAY"), ("asinGranularity", "SKU")),
        ),
    )
}  # fmt: skip
"""Every type of report that is read, by Amazon's name."""


# -- Headers -----------------------------------------------------------------------------------------------------------


class HeaderChanged(ValueError):
    """A file lacks columns that rows are made of: Amazon changed it, or it is another report.

    Attributes:
        missing: the canonical names of the columns.
    """

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"Amazon's file has no column {', '.join(f'“{name}”' for name in missing)}.")
        self.missing = missing


class NotThisReport(ValueError):
    """A file has not one column of its kind, so nobody can say what in it is personal: nothing of it is kept."""


class BrokenFile(ValueError):
    """A compressed file ends too early or is damaged; fetched again it may be whole."""


class Header(msgspec.Struct, frozen=True):
    """The first line of a kept file.

    Attributes:
        cells: the names of the kept columns, as Amazon writes them.
        quoted: whether cells stand in quotation marks.
    """

    cells: tuple[str, ...]
    quoted: bool = False


class Layout(msgspec.Struct, frozen=True):
    """Where the cells of a kept file are found.

    Attributes:
        width: how many cells a row has.
        places: where the kind's columns stand, -1 for one the file does not have.
        encoding: ``utf-8``, or how a line that is not UTF-8 is read.
        quoted: whether cells stand in quotation marks.
    """

    width: int
    places: tuple[int, ...]
    encoding: str
    quoted: bool


_REMARK = re.compile(r"\s*\(.*\)\s*$")
_GAPS = re.compile(r"[\s_]+")
_SOUNDS_PERSONAL = re.compile(
    r"buyer|recipient|customer|consignee|address|phone|e-?mail|postal|postcode|zip|city|state$|county|gift-message|"
    r"customi[sz]ed|signature|tax-registration|licensee|(^|-)name$|contact|note|comment"
)


def folded(text: str) -> str:
    """Return the name of a column as names are compared."""
    plain = unicodedata.normalize("NFC", text).strip().strip('"')
    return _GAPS.sub("-", _REMARK.sub("", plain).strip().casefold())


@cache
def _known_names(kind_name: str) -> dict[str, str]:
    kind = KINDS[kind_name]
    return {folded(spelling): column.name for column in kind.columns for spelling in (column.name, *column.spellings)}


def is_personal(kind: ReportKind, name: str) -> bool:
    """Whether a column must not be kept: known as personal, or unknown and named like something personal."""
    plain = folded(name)
    if plain in kind.personal_columns:
        return True
    if plain in _known_names(kind.name) or plain in kind.ordinary_columns:
        return False
    return bool(kind.personal_columns) and _SOUNDS_PERSONAL.search(plain) is not None


def layout_of(kind: ReportKind, header: Header, encoding: str) -> Layout:
    """Return where a file's cells are.

    Raises:
        HeaderChanged: a required column is not there.
    """
    known = _known_names(kind.name)
    places: dict[str, int] = {}
    for place, cell in enumerate(header.cells):
        name = known.get(folded(cell))
        if name is not None:
            places.setdefault(name, place)
    missing = tuple(column.name for column in kind.columns if column.required and column.name not in places)
    if missing:
        raise HeaderChanged(missing)
    return Layout(
        len(header.cells), tuple(places.get(column.name, -1) for column in kind.columns), encoding, header.quoted
    )


def fallback_encoding(marketplace_ids: Sequence[str]) -> str:
    """Return how lines that are not UTF-8 are read, by the marketplaces a file is for."""
    return "cp932" if _JAPAN in marketplace_ids else "cp1252"


def decoded(line: bytes, encoding: str) -> str:
    """Read a line of a file that is not UTF-8 throughout; what no encoding explains becomes U+FFFD.

    A line in the marketplace's old encoding rarely is UTF-8 by chance in Europe, so UTF-8 is tried first there. In
    Japan it may be, so it is tried second.
    """
    for each in (encoding, "utf-8") if encoding == "cp932" else ("utf-8", encoding):
        try:
            return line.decode(each)
        except UnicodeDecodeError:
            continue
    return line.decode(encoding, errors="replace")


# -- Which rows belong together ----------------------------------------------------------------------------------------


class IdFilter:
    """A set of ids that may say yes too often and never says no wrongly (a Bloom filter), small enough to be kept.

    Its answers are the same in every process. At most 64 kB: about 30,000 ids at one mistake in a hundred, and more
    mistakes beyond that.
    """

    LARGEST = 64 << 10
    _BITS_AN_ID = 16
    _HASHES = 4

    def __init__(self, bits: bytes) -> None:
        self.bits = bits
        self._count = len(bits) * 8

    @classmethod
    def of(cls, ids: Iterable[str]) -> "IdFilter":
        """Make a filter of ids."""
        found = list(ids)
        size = min(cls.LARGEST, max(1, len(found) * cls._BITS_AN_ID // 8)) if found else 0
        bits = bytearray(size)
        made = cls(b"")
        made._count = size * 8
        for each in found:
            for place in made._places(each):
                bits[place >> 3] |= 1 << (place & 7)
        made.bits = bytes(bits)
        return made

    def _places(self, identity: str) -> Iterator[int]:
        first = zlib.crc32(identity.encode())
        second = zlib.crc32(identity.encode(), 0x9E3779B9) | 1
        return ((first + number * second) % self._count for number in range(self._HASHES))

    def __bool__(self) -> bool:
        return bool(self.bits)

    def __contains__(self, identity: str) -> bool:
        return bool(self.bits) and all(self.bits[place >> 3] & 1 << (place & 7) for place in self._places(identity))


def share_of(identity: str, shares: int) -> int:
    """Return which of so many shares an id falls into, the same in every process."""
    return zlib.crc32(identity.encode()) % shares


class _Scattered:
    """Notices ids that come back after others stood in between, in four megabytes whatever the size of the file."""

    _MASK = (1 << 25) - 1

    def __init__(self) -> None:
        self._bits = bytearray((self._MASK + 1) >> 3)
        self._previous = b""
        self.found: set[bytes] = set()

    def see(self, identity: bytes) -> bool:
        """Take note of a row's id; return whether the row begins a new group."""
        if identity == self._previous:
            return False
        self._previous = identity
        # Only within this process, so Python's own seeded hash will do.
        mixed = hash(identity)
        bits, known = self._bits, True
        for place in (mixed & self._MASK, mixed >> 17 & self._MASK, mixed >> 38 & self._MASK):
            bit = 1 << (place & 7)
            if not bits[place >> 3] & bit:
                known = False
                bits[place >> 3] |= bit
        if known:
            self.found.add(identity)
        return True


# -- Cutting -----------------------------------------------------------------------------------------------------------


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One gzip member of a kept file.

    Attributes:
        offset: where it begins in the kept file.
        length: how long it is, packed.
        first_line: the line it begins with; 1 is the header.
        plain: how long it is, unpacked.
    """

    offset: int
    length: int
    first_line: int
    plain: int


class Kept(msgspec.Struct, frozen=True):
    """What is known of a kept file.

    Attributes:
        pieces: its gzip members, in order.
        header: its header; None for JSON.
        encoding: ``utf-8``, or how lines that are not UTF-8 are read.
        rows: how many rows it has, header and empty lines not counted; 0 for JSON, whose rows are counted on reading.
        sha256: of the packed file.
        scattered: the ids whose rows do not stand together.
        scattered_ids: how many they are.
    """

    pieces: tuple[Piece, ...]
    header: Header | None
    encoding: str
    rows: int
    sha256: str
    scattered: IdFilter
    scattered_ids: int


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack a gzip stream of one or more members; a stream that is not gzip passes as it is.

    Raises:
        BrokenFile: it is damaged or ends too early.
    """
    stream = iter(chunks)
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= len(_GZIP_MAGIC):
            break
    whole = chain([head], stream)
    yield from _unpacked(whole) if head.startswith(_GZIP_MAGIC) else whole


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_GZIP)
            try:
                yield unpacker.decompress(rest)
            except zlib.error:
                raise BrokenFile("The compressed file is damaged.") from None
            rest = unpacker.unused_data
    if not unpacker.eof:
        raise BrokenFile("The compressed file ends too early.")


class Cutter:
    """Cuts one file. ``cut`` is run through once; ``kept`` then says what came of it.

    Pieces begin and end with a whole line and never tear apart rows that stand together.
    """

    def __init__(self, kind: ReportKind, marketplace_ids: Sequence[str], *, piece_bytes: int = PIECE_BYTES) -> None:
        self._kind = kind
        self._fallback = fallback_encoding(marketplace_ids)
        self._piece_bytes = piece_bytes
        self._digest = hashlib.sha256()
        self._pieces: list[Piece] = []
        self._offset = 0
        self._header: Header | None = None
        self._is_utf8 = True
        self._rows = 0
        self._scattered = _Scattered()

    def cut(self, plain: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the packed pieces of a plain file.

        Raises:
            NotThisReport: the header is not one of this kind.
        """
        if self._kind.format == "json":
            yield from self._cut_anywhere(plain)
        else:
            yield from self._cut_lines(_lines(plain))

    @property
    def kept(self) -> Kept:
        """What is known of the file, once it is cut to its end."""
        return Kept(
            tuple(self._pieces),
            self._header,
            "utf-8" if self._is_utf8 else self._fallback,
            self._rows,
            self._digest.hexdigest(),
            IdFilter.of(identity.decode("ascii", "replace") for identity in self._scattered.found),
            len(self._scattered.found),
        )

    def _cut_anywhere(self, plain: Iterable[bytes]) -> Iterator[bytes]:
        held = bytearray()
        for chunk in plain:
            held += chunk
            while len(held) >= self._piece_bytes:
                yield self._pack(bytes(held[: self._piece_bytes]), 1)
                del held[: self._piece_bytes]
        if held:
            yield self._pack(bytes(held), 1)

    def _cut_lines(self, blocks: Iterator[list[bytes]]) -> Iterator[bytes]:
        held: list[bytes] = []
        size, line, first_line = 0, 0, 1
        trim: Callable[[bytes], bytes] | None = None
        place: int | None = None
        for lines in blocks:
            for raw in lines:
                line += 1
                if line == 1:
                    trim, place, kept_line = self._read_header(raw)
                    held.append(kept_line)
                    continue
                kept_line = raw if trim is None else trim(raw)
                if kept_line and kept_line != b"\r":
                    self._rows += 1
                    begins = place is None or self._scattered.see(_cell(kept_line, place))
                    if begins and size >= self._piece_bytes:
                        yield self._pack(b"\n".join(held) + b"\n", first_line)
                        held, size, first_line = [], 0, line
                held.append(kept_line)
                size += len(kept_line) + 1
        if held:
            yield self._pack(b"\n".join(held) + b"\n", first_line)

    def _pack(self, plain: bytes, first_line: int) -> bytes:
        if self._is_utf8 and not plain.isascii():
            try:
                plain.decode("utf-8")
            except UnicodeDecodeError:
                self._is_utf8 = self._kind.format == "json"
        packer = zlib.compressobj(_PACKED, zlib.DEFLATED, _GZIP)
        packed = packer.compress(plain) + packer.flush()
        self._pieces.append(Piece(self._offset, len(packed), first_line, len(plain)))
        self._offset += len(packed)
        self._digest.update(packed)
        return packed

    def _read_header(self, raw: bytes) -> tuple[Callable[[bytes], bytes] | None, int | None, bytes]:
        """Return what trims a row, where the id of a kept row stands, and the header as it is kept."""
        ends = b"\r" if raw.endswith(b"\r") else b""
        cells = decoded(raw.removesuffix(b"\r"), self._fallback).removeprefix(_BOM).split("\t")
        quoted = len(cells) > 1 and all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
        names = [cell[1:-1] if quoted else cell for cell in cells]
        known = _known_names(self._kind.name)
        if not any(folded(name) in known for name in names):
            raise NotThisReport("Amazon's file has not one column of this report, so nothing of it was kept.")
        places = [place for place, name in enumerate(names) if not is_personal(self._kind, name)]
        self._header = Header(tuple(names[place] for place in places), quoted)
        place: int | None = None
        if self._kind.grouped_by:
            kept_names = [known.get(folded(name)) for name in self._header.cells]
            place = kept_names.index(self._kind.grouped_by) if self._kind.grouped_by in kept_names else None
        if len(places) == len(names):
            return None, place, raw
        raw_cells = raw.removesuffix(b"\r").split(b"\t")
        # A header whose bytes hold no more cells than its text has names is cut like any row.
        kept_line = b"\t".join(raw_cells[place] for place in places) + ends
        return self._trimmer(places, len(names)), place, kept_line

    def _trimmer(self, places: Sequence[int], width: int) -> Callable[[bytes], bytes]:
        """Return what drops the personal cells of a row.

        Cells that don't line up with the header can't be told apart, so nothing of such a row is kept but the fact that
        it was there. A row may be short at its end when its beginning shows that it is a row.
        """
        pick = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)
        begins = re.compile(self._kind.row_begins.encode())
        is_torn = b"?"

        def trim(raw: bytes) -> bytes:
            cells = raw.split(b"\t")
            if len(cells) == width:
                return b"\t".join(pick(cells))
            if raw in {b"", b"\r"}:
                return raw
            if len(cells) < width and begins.fullmatch(cells[0].strip(b'"\r')):
                cells += [b""] * (width - len(cells))
                return b"\t".join(pick(cells))
            return is_torn

        return trim


def _cell(line: bytes, place: int) -> bytes:
    return line.split(b"\t", place + 1)[place] if line.count(b"\t") >= place else line


def _lines(plain: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield whole lines, a chunk's worth at a time; the last line need not end with a line feed."""
    rest = b""
    for chunk in plain:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if lines:
            yield lines
    if rest:
        yield [rest]


def indexed(kind: ReportKind, marketplace_ids: Sequence[str], chunks: Iterable[bytes]) -> Kept:
    """Find out about a kept file what ``Cutter.kept`` said when it was cut, from the file itself.

    For a file whose cutter died after keeping it and before anybody was told.

    Raises:
        BrokenFile: it is damaged.
        NotThisReport: it is a file of another kind.
    """
    again = Cutter(kind, marketplace_ids)
    digest = hashlib.sha256()
    pieces: list[Piece] = []
    line = 1
    offset = 0

    def members() -> Iterator[bytes]:
        nonlocal line, offset
        for packed, plain in _members(_hashed(chunks, digest)):
            pieces.append(Piece(offset, packed, line if kind.format == "tsv" else 1, len(plain)))
            offset += packed
            line += plain.count(b"\n")
            yield plain

    for _ in again.cut(members()):
        pass
    return msgspec.structs.replace(again.kept, pieces=tuple(pieces), sha256=digest.hexdigest())


def _hashed(chunks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _members(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the packed length and the plain content of each gzip member."""
    unpacker = zlib.decompressobj(_GZIP)
    length, plain = 0, bytearray()
    for chunk in chunks:
        rest = chunk
        while rest:
            try:
                plain += unpacker.decompress(rest)
            except zlib.error:
                raise BrokenFile("The kept file is damaged.") from None
            length += len(rest) - len(unpacker.unused_data)
            rest = unpacker.unused_data
            if unpacker.eof:
                yield length, bytes(plain)
                unpacker, length, plain = zlib.decompressobj(_GZIP), 0, bytearray()
    if length:
        raise BrokenFile("The kept file ends too early.")


# -- Reading -----------------------------------------------------------------------------------------------------------


class Read(msgspec.Struct, frozen=True):
    """The rows of a piece, and what could not be read."""

    rows: list[Row]
    bad: list[BadRow]


def read_piece(  # noqa: PLR0913, PLR0917 - what reading a piece depends on
    kind: ReportKind,
    layout: Layout,
    packed: bytes,
    first_line: int,
    carried: Carried,
    wanted: Callable[[str], bool] | None = None,
) -> Read:
    """Turn one piece into rows.

    Args:
        kind: the kind of report.
        layout: where its cells are.
        packed: the piece.
        first_line: the line it begins with.
        carried: what rows left for the rows after them; changed here.
        wanted: only rows whose id it takes, for kinds whose rows belong together.
    """
    plain = zlib.decompress(packed, _GZIP)
    texts = _texts(plain, layout.encoding)
    if first_line == 1:
        texts[0] = ""
    make = kind.row
    if make is None:
        raise ValueError(f"{kind.name} is no flat file.")
    names = [column.name for column in kind.columns]
    identity = layout.places[names.index(kind.grouped_by)] if kind.grouped_by and wanted is not None else -1
    pick = itemgetter(*layout.places)
    width, quoted = layout.width, layout.quoted
    rows: list[Row] = []
    bad: list[BadRow] = []
    add = rows.append
    for line, text in enumerate(texts, start=first_line):
        if not text:
            continue
        cells = text.split("\t")
        if quoted:
            cells = [_unquoted(cell) for cell in cells]
        if wanted is not None and not wanted(cells[identity] if identity < len(cells) else ""):
            continue
        if len(cells) != width:
            problem = _fit(cells, width)
            if problem:
                bad.append(BadRow(line, "", problem))
                continue
        # What a column that the file lacks is read from: places are -1 there.
        cells.append("")
        picked = pick(cells)
        try:
            add(make(picked, line, carried))
        except ValueError as problem_found:
            bad.append(explain({column.name: column.read for column in kind.columns}, picked, line, problem_found))
    return Read(rows, bad)


def _texts(plain: bytes, encoding: str) -> list[str]:
    if encoding != "utf-8":
        return [decoded(line, encoding).removesuffix("\r") for line in plain.removesuffix(b"\n").split(b"\n")]
    text = plain.decode("utf-8").removesuffix("\n")
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text.split("\n")


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _fit(cells: list[str], width: int) -> str:
    """Bring a row to the width of its header; return why that can't be done, an empty text when it was."""
    if len(cells) > width:
        if any(cells[width:]):
            return f"The row has {len(cells)} cells where the header has {width}."
        del cells[width:]
        return ""
    if len(cells) == 1:
        return "The row is torn: its cells don't line up with the header."
    cells += [""] * (width - len(cells))
    return ""


def read_json(kind: ReportKind, packed: Iterable[bytes]) -> Read:
    """Turn a whole JSON report into rows.

    Raises:
        BadCell: it is not a report of this kind.
    """
    if kind.name != TRAFFIC:
        raise ValueError(f"{kind.name} is not JSON.")
    rows, bad = traffic_rows(b"".join(zlib.decompress(each, _GZIP) for each in packed))
    return Read(list[Row](rows), bad)


def identity_of(row: Row) -> str:
    """Return the id by which rows belong together; empty for kinds whose rows stand alone."""
    return getattr(row, "order_id", "") if type(row).__name__ == "OrderRow" else ""


# -- Control totals ----------------------------------------------------------------------------------------------------


class Totals(msgspec.Struct, frozen=True):
    """What rows add up to (AUP 2.10).

    Attributes:
        rows: how many.
        units: units on them.
        money: the sum of each row's own amount, by currency.
        stated: what the file itself says it adds up to, by currency.
    """

    rows: int = 0
    units: int = 0
    money: dict[str, Decimal] = msgspec.field(default_factory=dict[str, Decimal])
    stated: dict[str, Decimal] = msgspec.field(default_factory=dict[str, Decimal])

    def plus(self, other: "Totals") -> "Totals":
        """Return the sum."""
        return Totals(
            self.rows + other.rows,
            self.units + other.units,
            _added(self.money, other.money),
            _added(self.stated, other.stated),
        )

    @property
    def disagreement(self) -> str:
        """How the rows differ from what the file states, in words; empty when they agree or it states nothing."""
        for currency, stated in self.stated.items():
            found = self.money.get(currency, Decimal(0))
            if found != stated:
                return f"The lines add up to {found} {currency}, Amazon's total is {stated} {currency}."
        return ""


def _added(first: dict[str, Decimal], second: dict[str, Decimal]) -> dict[str, Decimal]:
    return {key: first.get(key, Decimal(0)) + second.get(key, Decimal(0)) for key in first | second}


def totals_of(rows: Sequence[Row]) -> Totals:
    """Add up rows of one report."""
    money: dict[str, Decimal] = {}
    stated: dict[str, Decimal] = {}
    units = 0
    for row in rows:
        if isinstance(row, SettlementRow):
            if row.is_summary:
                if row.total is not None:
                    stated[row.currency] = stated.get(row.currency, Decimal(0)) + row.total
                continue
            amount, currency, quantity = row.amount, row.currency, row.quantity
        elif isinstance(row, TrafficRow):
            if not row.is_total:
                continue
            amount, currency, quantity = row.sales, row.currency, row.units_ordered
        else:
            amount = getattr(row, "item_price", None)
            currency = getattr(row, "currency", "")
            quantity = row.quantity
        if quantity:
            units += quantity
        if amount is not None and currency:
            money[currency] = money.get(currency, Decimal(0)) + amount
    return Totals(len(rows), units, money, stated)


__all__ = [
    "KINDS",
    "BadCell",
    "BadRow",
    "BrokenFile",
    "Cutter",
    "Header",
    "HeaderChanged",
    "IdFilter",
    "Kept",
    "Layout",
    "NotThisReport",
    "Piece",
    "Read",
    "ReportKind",
    "Totals",
    "decoded",
    "fallback_encoding",
    "identity_of",
    "indexed",
    "is_personal",
    "layout_of",
    "read_json",
    "read_piece",
    "share_of",
    "totals_of",
    "unpacked",
]

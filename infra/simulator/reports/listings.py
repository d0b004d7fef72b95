"""All listings of one marketplace as a flat file, in that marketplace's words, order, encoding and dates."""

from collections.abc import Iterator
from datetime import UTC, datetime

from infra.simulator import entropy, listing_life
from infra.simulator.clock import MINUTE
from infra.simulator.marketplaces import Marketplace
from infra.simulator.money import amount_text
from infra.simulator.reports.making import Kind, Wanted, header, joined, product_name
from infra.simulator.world import Listing, World

COLUMNS = (
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
    "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition", "zshop-category1",
    "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3", "will-ship-internationally",
    "expedited-shipping", "zshop-boldface", "product-id", "bid-for-featured-placement", "add-delete",
    "pending-quantity", "fulfillment-channel", "merchant-shipping-group", "status",
)  # fmt: skip
_BRITISH = tuple("fulfilment-channel" if each == "fulfillment-channel" else each for each in COLUMNS)
# A language's own words for a part of the columns, in its order (as production's files have them).
_DE = {
    "item-name": "Artikelbezeichnung", "item-description": "Artikelbeschreibung", "listing-id": "Angebotsnummer",
    "seller-sku": "Händler-SKU", "price": "Preis", "quantity": "Menge", "open-date": "Erstellungsdatum",
    "item-is-marketplace": "Artikel ist Marketplace-Angebot", "product-id-type": "Produkt-ID-Typ",
    "item-note": "Anmerkung zum Artikel", "item-condition": "Artikelzustand", "asin1": "ASIN 1",
    "will-ship-internationally": "Internationaler Versand", "expedited-shipping": "Expressversand",
    "product-id": "Produkt-ID", "add-delete": "hinzufügen-löschen", "pending-quantity": "Anzahl Bestellungen",
    "fulfillment-channel": "Versender", "merchant-shipping-group": "Händlerversandgruppe", "status": "Status",
}  # fmt: skip
_FR = {
    "item-name": "nom-produit", "item-description": "description-article", "listing-id": "id-offre",
    "seller-sku": "sku-vendeur", "price": "prix", "quantity": "quantité", "open-date": "date-ouverture",
    "product-id-type": "type-id-produit", "item-note": "note-état-article", "item-condition": "état-produit",
    "asin1": "ASIN1", "will-ship-internationally": "expédition-international",
    "expedited-shipping": "livraison-express", "product-id": "id-produit", "add-delete": "ajouter-supprimer",
    "pending-quantity": "quantité-en-attente", "fulfillment-channel": "canal-traitement",
    "merchant-shipping-group": "groupe-expédition-vendeur", "status": "état",
}  # fmt: skip
_IT = {
    "item-name": "Nome dell'articolo", "item-description": "Descrizione dell'articolo", "listing-id": "Numero offerta",
    "seller-sku": "SKU venditore", "price": "Prezzo", "quantity": "Quantità", "open-date": "Data di creazione",
    "item-is-marketplace": "Articolo per la vendita", "product-id-type": "Tipo di identificativo del prodotto",
    "item-note": "Note sull'articolo", "item-condition": "Condizione dell'articolo", "asin1": "ASIN 1",
    "will-ship-internationally": "Spedizione internazionale", "expedited-shipping": "Spedizione Express",
    "product-id": "Identificativo del prodotto", "add-delete": "Aggiungi o elimina",
    "pending-quantity": "Quantità in sospeso", "fulfillment-channel": "Canale di gestione",
    "merchant-shipping-group": "gruppo-spedizione-venditore", "status": "stato",
}  # fmt: skip
_ES = {
    "item-name": "Título del producto", "item-description": "Descripción del producto",
    "listing-id": "Identificador del listing", "seller-sku": "SKU del vendedor", "price": "Precio",
    "quantity": "Cantidad", "open-date": "Fecha de creación", "item-is-marketplace": "Producto para vender",
    "product-id-type": "Tipo de identificador de producto", "item-note": "Nota sobre el producto",
    "item-condition": "Estado del producto", "asin1": "ASIN 1", "will-ship-internationally": "Envío internacional",
    "expedited-shipping": "Envío urgente", "product-id": "Identificador del producto",
    "add-delete": "Añadir o eliminar", "pending-quantity": "Cantidad pendiente",
    "fulfillment-channel": "Canal de gestión logística", "merchant-shipping-group": "Grupo de envío del vendedor",
    "status": "Estado",
}  # fmt: skip
_JA = {
    "item-name": "商品名", "listing-id": "出品ID", "seller-sku": "出品者SKU", "price": "価格", "quantity": "数量",
    "open-date": "出品日", "product-id-type": "商品IDタイプ", "item-note": "コンディション説明",
    "item-condition": "コンディション", "will-ship-internationally": "国外へ配送可", "expedited-shipping": "迅速な配送",
    "product-id": "商品ID", "pending-quantity": "在庫数", "fulfillment-channel": "フルフィルメント・チャンネル",
    "merchant-shipping-group": "merchant-shipping-group", "asin1": "ASIN 1", "status": "ステータス",
}  # fmt: skip
HEADERS: dict[str, dict[str, str]] = {"de": _DE, "fr": _FR, "it": _IT, "es": _ES, "ja": _JA}
_DESCRIPTIONS = {
    "de": "Geprüfte Qualität \u2013 für zu Hause", "fr": "Conçu pour durer, livré en 24 h \u2013 idéal à offrir",
    "it": "Qualità verificata \u2013 perfetto per la casa", "es": "Diseño cuidado para el día a día",
    "ja": "毎日の暮らしに。丁寧に作られた商品です",
}  # fmt: skip
_CHANNELS = {"na": "AMAZON_NA", "eu": "AMAZON_EU", "fe": "AMAZON_JP"}


def columns_of(place: Marketplace) -> dict[str, str]:
    """Return the columns of a marketplace's file: Amazon's canonical name and the name it has there, in order."""
    found = HEADERS.get(place.language[:2])
    if found is not None:
        return found
    return dict(zip(COLUMNS, _BRITISH if place.region == "eu" else COLUMNS, strict=True))


def _encoding(wanted: Wanted) -> str:
    if wanted.place.country_code == "JP":
        return "cp932"
    # Windows' own encoding in Europe; elsewhere UTF-8 that begins with a byte order mark.
    return "cp1252" if wanted.place.region == "eu" else "utf-8-sig"


def _listings(world: World, wanted: Wanted) -> list[Listing]:
    return world.listings_of(wanted.seller, wanted.place.marketplace_id)


def _size(world: World, wanted: Wanted) -> int:
    return len(_listings(world, wanted))


def _chunks(world: World, wanted: Wanted) -> Iterator[str]:
    columns = columns_of(wanted.place)
    yield header(tuple(columns.values()), wanted, columns["seller-sku"])
    if not wanted.emptied:
        yield from joined(_rows(world, wanted, columns))


def _rows(world: World, wanted: Wanted, columns: dict[str, str]) -> Iterator[list[str]]:
    place = wanted.place
    for listing in _listings(world, wanted):
        values = {
            "item-name": product_name(listing),
            "item-description": _DESCRIPTIONS.get(place.language[:2], f"{listing.title}. Made to be used."),
            "listing-id": entropy.letters(11, world.seed, "listing", listing.pk),
            "seller-sku": listing.sku,
            "price": amount_text(listing.price_minor, place.currency),
            # Amazon says nothing of the stock that it holds itself.
            "quantity": "" if listing.by_amazon else str(listing_life.quantity(world, listing)),
            "open-date": _opened(listing_life.created_at(world, listing), place),
            "item-is-marketplace": "y",
            "product-id-type": "1",
            "item-condition": "11",
            "asin1": listing.asin,
            "product-id": listing.asin,
            "will-ship-internationally": "1",
            "pending-quantity": "0",
            "fulfillment-channel": _CHANNELS[place.region] if listing.by_amazon else "DEFAULT",
            "merchant-shipping-group": "" if listing.by_amazon else "Migrated Template",
            "status": _status(world, listing),
        }
        yield [values.get(each, "") for each in columns]


def _status(world: World, listing: Listing) -> str:
    found = listing_life.status(world, listing)
    if not found:
        return "Incomplete"
    return "Active" if "BUYABLE" in found else "Inactive"


def _opened(at_ms: int, place: Marketplace) -> str:
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC).astimezone(place.zone)
    if place.country_code == "JP":
        return at.strftime("%Y/%m/%d %H:%M:%S JST")
    if place.region == "eu":
        zone = {"CET": "MET", "CEST": "MEST"}.get(at.tzname() or "", at.tzname())
        return at.strftime(f"%d/%m/%Y %H:%M:%S {zone}")
    return at.strftime("%Y-%m-%d %H:%M:%S %Z")


MERCHANT_LISTINGS = Kind(
    name="GET_MERCHANT_LISTINGS_ALL_DATA",
    size=_size,
    chunks=_chunks,
    encoding=_encoding,
    needs_dates=False,
    interval_ms=30 * MINUTE,
    seconds_per_row=0.02,
)

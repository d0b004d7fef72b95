"""What the data browser shows of listings and products."""

from quayside.catalog.records import ListingRecord, ProductRecord, asin_of, product_from, sku_of, sources_of
from quayside.catalog.rules import Size, grams, merged, millimetres
from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.sync.views import Cell, Column

LISTING_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("title", "Title", "text"),
    Column("standing", "Status", "text"),
    Column("statuses", "Amazon's words", "text"),
    Column("price", "Price", "money"),
    Column("quantity", "Quantity", "number"),
    Column("channel", "Fulfilment", "text"),
    Column("condition", "Condition", "text"),
    Column("errors", "Errors", "number"),
    Column("issues", "Issues", "text"),
    Column("received_at", "Changed here", "instant"),
)

PRODUCT_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("asin", "ASIN", "text"),
    Column("title", "Title", "text"),
    Column("brand", "Brand", "text"),
    Column("model_number", "Model", "text"),
    Column("product_type", "Product type", "text"),
    Column("browse_node", "Category", "text"),
    Column("parent_asins", "Parent", "text"),
    Column("identifiers", "Identifiers", "text"),
    Column("package_length_mm", "Package length (mm)", "number"),
    Column("package_width_mm", "Package width (mm)", "number"),
    Column("package_height_mm", "Package height (mm)", "number"),
    Column("package_weight_g", "Package weight (g)", "number"),
    Column("item_weight_g", "Item weight (g)", "number"),
    Column("ranks", "Sales rank", "text"),
    Column("received_at", "Read", "instant"),
)


def listing_row(marketplace_id: str, record: ListingRecord) -> tuple[Cell, ...]:
    """Return a listing as a row of ``LISTING_COLUMNS``."""
    listing = merged(sources_of(record))
    return (
        marketplace_id,
        sku_of(record.sk),
        listing.asin,
        listing.title,
        listing.standing,
        ", ".join(listing.statuses),
        listing.price,
        listing.quantity,
        listing.channel,
        listing.condition,
        sum(issue.severity == "ERROR" for issue in listing.issues),
        "; ".join(f"{issue.severity} {issue.code}: {issue.message}" for issue in listing.issues) or None,
        format_instant(from_epoch_seconds(int(record.received_at))),
    )


def product_row(marketplace_id: str, record: ProductRecord) -> tuple[Cell, ...]:
    """Return a product as a row of ``PRODUCT_COLUMNS``."""
    product = product_from(record.facts)
    package = product.package or Size()
    return (
        marketplace_id,
        asin_of(record.sk),
        product.title if product.found else "Amazon gave no answer for this product",
        product.brand,
        product.model_number,
        product.product_type,
        product.browse_node,
        ", ".join(product.parent_asins) or None,
        ", ".join(f"{kind} {value}" for kind, value in product.identifiers) or None,
        millimetres(package.length),
        millimetres(package.width),
        millimetres(package.height),
        grams(package.weight),
        grams(product.item.weight) if product.item else None,
        "; ".join(f"{rank} in {title}" for title, rank in product.ranks) or None,
        format_instant(from_epoch_seconds(int(record.received_at))),
    )

"""What each amount of a transaction, or of a settlement's line, is: sales, a fee of some kind, a reimbursement. Pure.

Amazon publishes no list of the names it books under, and adds new ones without a word. So nothing depends on the list
below being complete: a name it lacks becomes a fee we have no name for where Amazon files it under its fees, else it
is ``unclassified``; in either case it keeps Amazon's name and counts in every sum. For each transaction the amounts
add up to Amazon's total exactly.

Sources of the names: Amazon's model finances_2024-06-19.json, the names observed in production by the threads
amzn/selling-partner-api-models#4237 and #4993, and the amount types of the settlement report (flat file, version 2).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache

import msgspec

from quayside.finance.rules import LineFacts, Part, TransactionFacts, TransactionItem
from quayside.kernel.figures import State


class AmountGroup(StrEnum):
    """The heading under which an amount stands in a profit and loss table."""

    SALES = "sales"
    PROMOTIONS = "promotions"
    REFUNDS = "refunds"
    FEES = "fees"
    ADVERTISING = "advertising"
    REIMBURSEMENTS = "reimbursements"
    OTHER_INCOME = "other_income"
    TAXES = "taxes"
    PAYOUTS = "payouts"
    UNCLASSIFIED = "unclassified"


class AmountKind(StrEnum):
    """What an amount is. The sign is Amazon's: positive is the seller's, negative is paid by the seller."""

    PRODUCT_SALES = "product_sales"
    SHIPPING_INCOME = "shipping_income"
    GIFT_WRAP_INCOME = "gift_wrap_income"
    OTHER_SALES_INCOME = "other_sales_income"

    PROMOTION = "promotion"

    REFUNDED_SALES = "refunded_sales"
    REFUNDED_SHIPPING = "refunded_shipping"
    REFUNDED_GIFT_WRAP = "refunded_gift_wrap"
    REFUNDED_PROMOTION = "refunded_promotion"
    REFUNDED_REFERRAL_FEE = "refunded_referral_fee"
    REFUND_ADMINISTRATION_FEE = "refund_administration_fee"
    GOODWILL = "goodwill"
    RESTOCKING_FEE = "restocking_fee"
    CLAIM = "claim"

    REFERRAL_FEE = "referral_fee"
    CLOSING_FEE = "closing_fee"
    FULFILMENT_FEE = "fulfilment_fee"
    SHIPPING_CHARGEBACK = "shipping_chargeback"
    GIFT_WRAP_CHARGEBACK = "gift_wrap_chargeback"
    SHIPPING_LABEL = "shipping_label"
    STORAGE_FEE = "storage_fee"
    AGED_INVENTORY_FEE = "aged_inventory_fee"
    LOW_INVENTORY_FEE = "low_inventory_fee"
    INBOUND_FEE = "inbound_fee"
    INBOUND_TRANSPORT_FEE = "inbound_transport_fee"
    REMOVAL_FEE = "removal_fee"
    RETURN_PROCESSING_FEE = "return_processing_fee"
    LIQUIDATION_FEE = "liquidation_fee"
    SUBSCRIPTION_FEE = "subscription_fee"
    DEAL_FEE = "deal_fee"
    REVIEW_PROGRAMME_FEE = "review_programme_fee"
    DIGITAL_SERVICES_FEE = "digital_services_fee"
    TAX_ON_FEES = "tax_on_fees"
    OTHER_FEE = "other_fee"

    ADVERTISING = "advertising"

    REIMBURSEMENT = "reimbursement"
    REVERSED_REIMBURSEMENT = "reversed_reimbursement"

    LIQUIDATION_PROCEEDS = "liquidation_proceeds"

    TAX_COLLECTED = "tax_collected"
    TAX_WITHHELD = "tax_withheld"

    PAYOUT = "payout"
    RESERVE = "reserve"
    FINANCING = "financing"

    UNCLASSIFIED = "unclassified"

    @property
    def group(self) -> AmountGroup:
        """The heading it stands under."""
        return _GROUPS[self]

    @property
    def is_proceeds(self) -> bool:
        """Whether it is part of what selling brings or costs: neither tax that passes through nor money moved."""
        return self.group not in {AmountGroup.TAXES, AmountGroup.PAYOUTS}


_KINDS_OF_GROUPS: dict[AmountGroup, tuple[AmountKind, ...]] = {
    AmountGroup.SALES: (
        AmountKind.PRODUCT_SALES,
        AmountKind.SHIPPING_INCOME,
        AmountKind.GIFT_WRAP_INCOME,
        AmountKind.OTHER_SALES_INCOME,
    ),
    AmountGroup.PROMOTIONS: (AmountKind.PROMOTION,),
    AmountGroup.REFUNDS: (
        AmountKind.REFUNDED_SALES,
        AmountKind.REFUNDED_SHIPPING,
        AmountKind.REFUNDED_GIFT_WRAP,
        AmountKind.REFUNDED_PROMOTION,
        AmountKind.REFUNDED_REFERRAL_FEE,
        AmountKind.REFUND_ADMINISTRATION_FEE,
        AmountKind.GOODWILL,
        AmountKind.RESTOCKING_FEE,
        AmountKind.CLAIM,
    ),
    AmountGroup.ADVERTISING: (AmountKind.ADVERTISING,),
    AmountGroup.REIMBURSEMENTS: (AmountKind.REIMBURSEMENT, AmountKind.REVERSED_REIMBURSEMENT),
    AmountGroup.OTHER_INCOME: (AmountKind.LIQUIDATION_PROCEEDS,),
    AmountGroup.TAXES: (AmountKind.TAX_COLLECTED, AmountKind.TAX_WITHHELD),
    AmountGroup.PAYOUTS: (AmountKind.PAYOUT, AmountKind.RESERVE, AmountKind.FINANCING),
    AmountGroup.UNCLASSIFIED: (AmountKind.UNCLASSIFIED,),
}
_GROUPS: dict[AmountKind, AmountGroup] = dict.fromkeys(AmountKind, AmountGroup.FEES) | {
    kind: group for group, kinds in _KINDS_OF_GROUPS.items() for kind in kinds
}

_NAMES: dict[AmountKind, tuple[str, ...]] = {
    AmountKind.PRODUCT_SALES: ("OurPricePrincipal", "ProductCharges", "Principal", "Principle"),
    AmountKind.SHIPPING_INCOME: ("ShippingPrincipal", "Shipping", "ShippingCharge", "DeliveryServicesPrincipal"),
    AmountKind.GIFT_WRAP_INCOME: ("GiftwrapPrincipal", "GiftWrap", "GiftWrapCharge"),
    AmountKind.OTHER_SALES_INCOME: (
        "CODItemCharge",
        "CODOrderCharge",
        "CODShippingCharge",
        "ExportCharge",
        "TipAmount",
    ),
    AmountKind.PROMOTION: (
        "OurPriceDiscount",
        "ShippingDiscount",
        "GiftwrapDiscount",
        "Promo",
        "PromoRebates",
        "Promotion",
        "PromotionMetaDataDefinitionValue",
        "TaxDiscount",
        "PointsGranted",
        "CostOfPointsGranted",
    ),
    AmountKind.REFUND_ADMINISTRATION_FEE: ("RefundCommission", "CostOfPointsReturned"),
    AmountKind.GOODWILL: ("GoodwillPrincipal", "Goodwill", "GoodwillShipping"),
    AmountKind.RESTOCKING_FEE: ("RestockingDeductionPrincipal", "RestockingFee", "ReturnShipping"),
    AmountKind.CLAIM: ("AtoZGuaranteeRefund", "ChargebackRefund", "GuaranteeClaim", "Chargeback"),
    AmountKind.REFERRAL_FEE: ("Commission", "ReferralFee"),
    AmountKind.CLOSING_FEE: (
        "FixedClosingFee",
        "VariableClosingFee",
        "PerItemFee",
        "ClosingFee",
        "CommissionCorrection",
        "RenewedProgramFee",
        "SalesTaxCollectionFee",
        "SalesTaxServiceFee",
        "HighVolumeListingFee",
    ),
    AmountKind.FULFILMENT_FEE: (
        "FBAPerUnitFulfillmentFee",
        "FBAPerOrderFulfillmentFee",
        "FBAWeightBasedFee",
        "FBAFees",
        "FBADeliveryServicesFee",
        "FBATransportationFee",
        "FBAPickAndPackFee",
        "FBAMultiChannelFulfillmentFee",
        "FBAOverSizeSurcharge",
        "TransactionFee",
        "FBA transportation fee",
        "FBACrossBorderFulfillmentFee",
    ),
    AmountKind.SHIPPING_CHARGEBACK: ("ShippingChargeback", "ShippingHB"),
    AmountKind.GIFT_WRAP_CHARGEBACK: ("GiftwrapChargeback", "GiftwrapCommission"),
    AmountKind.SHIPPING_LABEL: (
        "ShippingServices",
        "Shipping label purchase",
        "Shipping label purchased through Amazon",
        "LabelPurchase",
        "PostagePurchase",
        "PostageBilling_Postage",
        "PostageBilling_VAT",
        "PostageRefund_Postage",
        "ReturnPostageBilling_Postage",
        "ReturnPostageBilling",
        "CarrierShippingLabelAdjustments",
    ),
    AmountKind.STORAGE_FEE: (
        "FBAStorageFee",
        "FBAStorageBilling",
        "Storage Fee",
        "StorageRenewalBilling",
        "StorageUtilizationSurcharge",
        "FBAStorageOverageFee",
        "FBAOverageFee",
        "AWDStorageFee",
    ),
    AmountKind.AGED_INVENTORY_FEE: ("FBALongTermStorageFee", "FBALongTermStorageBilling", "AgedInventorySurcharge"),
    AmountKind.LOW_INVENTORY_FEE: ("LowInventoryLevelFee", "FBALowInventoryLevelFee", "LowInventoryCostFee"),
    AmountKind.INBOUND_FEE: (
        "FBAInboundConvenienceFee",
        "FBAInboundPlacementServiceFee",
        "FBA Inbound Placement Service Fee",
        "FBAInboundDefectFee",
        "FBAInboundDefect",
        "FBAInventoryPlacementServiceFee",
        "InventoryPlacementServiceFees",
        "LabelingFee",
        "FBAPrepFee",
        "OpaqueBaggingFee",
        "PolybaggingFee",
        "BubblewrapFee",
        "TapingFee",
        "ManualProcessingFee",
        "UnplannedPrepFee",
    ),
    AmountKind.INBOUND_TRANSPORT_FEE: (
        "FBAInboundTransportationFee",
        "FBAInboundTransportationProgramFee",
        "FBA Amazon-Partnered Carrier Shipment Fee",
        "FBAInternationalInboundFreightFee",
        "FBAInternationalInboundFreightTaxAndDuty",
        "AWDTransportationFee",
    ),
    AmountKind.REMOVAL_FEE: (
        "FBARemovalFee",
        "FBADisposalFee",
        "RemovalComplete",
        "DisposalComplete",
        "RemovalOrder",
        "FBACustomerReturnRemovalFee",
    ),
    AmountKind.RETURN_PROCESSING_FEE: (
        "CustomerReturnHRRUnitFee",
        "FBACustomerReturnPerUnitFee",
        "FBACustomerReturnPerOrderFee",
        "FBACustomerReturnWeightBasedFee",
        "HighReturnRateProcessingFee",
        "FBAReturnProcessingFee",
    ),
    AmountKind.LIQUIDATION_FEE: ("LiquidationsBrokerageFee", "LiquidationsRevenueFee", "LiquidationsProcessingFee"),
    AmountKind.SUBSCRIPTION_FEE: ("Subscription", "Subscription Fee", "SubscriptionFee"),
    AmountKind.DEAL_FEE: (
        "CouponParticipationFee",
        "CouponPerformanceFee",
        "CouponRedemptionFee",
        "CouponPaymentEventFee",
        "Coupon Fee",
        "RunLightningDealFee",
        "LightningDealFee",
        "DealParticipationFee",
        "DealPerformanceFee",
        "DealFee",
        "PrimeExclusiveDiscountFee",
    ),
    AmountKind.REVIEW_PROGRAMME_FEE: (
        "VineFee",
        "VineEnrollmentFee",
        "EarlyReviewerProgramFee",
        "PremiumExperienceFee",
    ),
    AmountKind.DIGITAL_SERVICES_FEE: (
        "DigitalServicesFee",
        "DigitalServiceFee",
        "DigitalServicesFeeFBA",
        "TechnologyFee",
    ),
    AmountKind.TAX_ON_FEES: ("TaxOnFees", "FeeTax", "VATOnFees", "GSTOnFees", "CommissionTax"),
    AmountKind.OTHER_FEE: ("AmazonFees", "PaidServicesFee", "ServiceFee", "ItemFees", "AmazonCapitalServicesFee"),
    AmountKind.ADVERTISING: (
        "AdvertisingFee",
        "AdvertisingFeeRefund",
        "ProductAdsPayment",
        "Cost of Advertising",
        "CostOfAdvertising",
        "SponsoredProducts",
        "SponsoredBrands",
    ),
    AmountKind.REIMBURSEMENT: (
        "FBAInventoryReimbursement",
        "WAREHOUSE_DAMAGE",
        "WAREHOUSE_LOST",
        "WAREHOUSE_DAMAGE_EXCEPTION",
        "WarehouseLostManual",
        "REVERSAL_REIMBURSEMENT",
        "FREE_REPLACEMENT_REFUND_ITEMS",
        "MISSING_FROM_INBOUND",
        "INBOUND_CARRIER_DAMAGE",
        "LOST_INBOUND",
        "CustomerReturnReimbursement",
        "RemovalOrderLost",
        "REMOVAL_ORDER_LOST",
        "REMOVAL_ORDER_DAMAGED",
        "INCORRECT_FEES_ITEMS",
        "CS_ERROR_ITEMS",
        "CS_ERROR_NON_ITEMIZED",
        "FeeCorrection",
        "SAFETReimbursement",
        "SAFE-T Reimbursement",
        "SAFE-T",
        "ReimbursementClaim",
        "TBD_REIMBURSEMENT",
    ),
    AmountKind.REVERSED_REIMBURSEMENT: (
        "FBAReversedReimbursement",
        "COMPENSATED_CLAWBACK",
        "CompensatedClawback",
        "WAREHOUSE_DAMAGE_CLAWBACK",
        "MISSING_FROM_INBOUND_CLAWBACK",
        "FREE_REPLACEMENT_REFUND_ITEMS_CLAWBACK",
    ),
    AmountKind.LIQUIDATION_PROCEEDS: ("RecommerceLiquidation", "Liquidations", "LiquidationsRevenue"),
    AmountKind.TAX_COLLECTED: (
        "OurPriceTax",
        "ShippingTax",
        "GiftwrapTax",
        "GiftWrapTax",
        "Tax",
        "BaseTax",
        "TaxOnRevenue",
        "RestockingDeductionTax",
        "GoodwillTax",
        "ExportTax",
        "Retrocharge",
        "RetrochargeReversal",
        "SalesTax",
    ),
    AmountKind.TAX_WITHHELD: ("MarketplaceWithheldTax", "ItemWithheldTax", "ItemTDS", "TDS", "TCS"),
    AmountKind.PAYOUT: (
        "FundTransfer",
        "Transfer",
        "Disbursement",
        "BankTransfer",
        "Payable to Amazon",
        "SuccessfulCharge",
    ),
    AmountKind.RESERVE: (
        "ReserveCredit",
        "ReserveDebit",
        "Current Reserve Amount",
        "Previous Reserve Amount Balance",
        "Previous Unavailable Balance",
        "Unavailable balance",
        "DeferredTransactionRelease",
        "DebtAdjustment",
    ),
    AmountKind.FINANCING: ("LoanAdvance", "LoanPayment", "LoanRefund", "SellerLoan", "AmazonLending", "DebtRecovery"),
}

_TAX_WITHHELD_PREFIXES = (
    "marketplacefacilitator",
    "lowvaluegoodstax",
    "tcs",
    "tds",
)
"""Withheld taxes come with a suffix for what they are on, such as ``MarketplaceFacilitatorTax-Shipping``."""

_FAMILIES = frozenset(
    {
        AmountGroup.FEES,
        AmountGroup.PROMOTIONS,
        AmountGroup.ADVERTISING,
        AmountGroup.REIMBURSEMENTS,
        AmountGroup.TAXES,
    }
)
"""Where Amazon files names of its own making: one below them that we don't know is of their kind all the same."""

_PLAIN = frozenset(
    {
        "base",
        "sales",
        "expenses",
        "other",
        "refundedsales",
        "refundedexpenses",
        "itemprice",
        "othertransaction",
        "transactiontotalamount",
    }
)
"""Names that say nothing of what the amount is; the name around them does."""

_REMOVAL = "removalshipment"

_REFUNDING = frozenset(
    {"refund", "chargerefund", "guaranteeclaim", "chargeback", "chargebackrefund", "atozguaranteerefund"}
)
"""Types of transactions that give money back to a buyer."""

_ON_REFUND = {
    AmountKind.PRODUCT_SALES: AmountKind.REFUNDED_SALES,
    AmountKind.SHIPPING_INCOME: AmountKind.REFUNDED_SHIPPING,
    AmountKind.GIFT_WRAP_INCOME: AmountKind.REFUNDED_GIFT_WRAP,
    AmountKind.OTHER_SALES_INCOME: AmountKind.REFUNDED_SALES,
    AmountKind.PROMOTION: AmountKind.REFUNDED_PROMOTION,
    AmountKind.REFERRAL_FEE: AmountKind.REFUNDED_REFERRAL_FEE,
}

_NAMES_KEPT = 4096
"""So many names are remembered with what they are: Amazon uses some hundreds, and the same ones in every amount."""

NOT_IN_PARTS = "Not broken down by Amazon"
"""The name of what Amazon's total says beyond the parts it gives."""


@lru_cache(_NAMES_KEPT)
def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


_KINDS: dict[str, AmountKind] = {_plain(name): kind for kind, names in _NAMES.items() for name in names}


def kind_of(transaction_type: str, path: Sequence[str]) -> AmountKind:
    """Say what an amount is by the type of its transaction and the names around it, outermost first.

    The innermost name that says anything decides. Amazon's name for something we lack is of the family it stands in
    (fees, promotions, reimbursements, taxes), or ``unclassified``. A tax below a fee is the tax on that fee. What a
    refund gives back has kinds of its own, so that sales stay sales.
    """
    return _kind_of(transaction_type, tuple(path))


@lru_cache(_NAMES_KEPT)
def _kind_of(transaction_type: str, path: tuple[str, ...]) -> AmountKind:
    around = [_plain(each) for each in (transaction_type, *path)]
    names = [name for name in around[1:] if name and name not in _PLAIN] or around[:1]
    outer = [found for name in around[: len(around) - 1] if (found := _known(name)) is not None]
    kind = _known(names[-1])
    if kind is None:
        kind = outer[-1] if outer and outer[-1].group in _FAMILIES else AmountKind.UNCLASSIFIED
    elif kind is AmountKind.TAX_COLLECTED and any(each.group is AmountGroup.FEES for each in outer):
        kind = AmountKind.TAX_ON_FEES
    elif AmountKind.PROMOTION in outer:
        kind = AmountKind.PROMOTION
    if around[0] == _REMOVAL and kind is AmountKind.OTHER_FEE:
        return AmountKind.LIQUIDATION_FEE
    if around[0] in _REFUNDING or any(name.startswith("refunded") for name in around[1:2]):
        return _ON_REFUND.get(kind, kind)
    return kind


def _known(name: str) -> AmountKind | None:
    if name.startswith(_TAX_WITHHELD_PREFIXES):
        return AmountKind.TAX_WITHHELD
    return _KINDS.get(name)


class Amount(msgspec.Struct, frozen=True, array_like=True):
    """One amount and what it is: its kind, Amazon's name for it, the SKU if it is about one, in minor units."""

    kind: AmountKind
    name: str
    amount_minor: int
    seller_sku: str | None = None


def amounts_of(facts: TransactionFacts) -> tuple[Amount, ...]:
    """Return what a transaction is made of, nothing that is zero; the amounts add up to its total exactly.

    Amounts stand with the items where Amazon gives items, else with the transaction. What a total says beyond them is
    ``unclassified`` under ``NOT_IN_PARTS``.
    """
    found = [amount for item in facts.items for amount in _of_item(facts, item)]
    if not found:
        found = list(_of_parts(facts.type, facts.parts, None))
    if facts.total_minor is not None:
        rest = facts.total_minor - sum(each.amount_minor for each in found)
        found.append(_rest(facts, rest, None, is_all=not found))
    return tuple(each for each in found if each.amount_minor)


def _of_item(facts: TransactionFacts, item: TransactionItem) -> list[Amount]:
    """Return the amounts of an item; they add up to its total."""
    found = list(_of_parts(facts.type, item.parts, item.seller_sku))
    if item.amount_minor is not None:
        rest = item.amount_minor - sum(each.amount_minor for each in found)
        found.append(_rest(facts, rest, item.seller_sku, is_all=not found))
    return found


def _rest(facts: TransactionFacts, rest_minor: int, seller_sku: str | None, *, is_all: bool) -> Amount:
    """Say what is not in the parts of an item, or of the whole.

    Amazon breaks some transactions down as a whole and not by item (amzn/selling-partner-api-models#4993), and some
    whose items are not all there is (#4237). The rest then is what the whole is, as far as that is one thing.
    """
    whole = {each.kind: each.name for each in _of_parts(facts.type, facts.parts, None) if each.amount_minor}
    if len(whole) == 1:
        ((kind, name),) = whole.items()
        return Amount(kind, name, rest_minor, seller_sku)
    if is_all:
        return Amount(kind_of(facts.type, ()), facts.description or facts.type, rest_minor, seller_sku)
    return Amount(AmountKind.UNCLASSIFIED, NOT_IN_PARTS, rest_minor, seller_sku)


def _of_parts(transaction_type: str, parts: Iterable[Part], seller_sku: str | None) -> Iterator[Amount]:
    for part in parts:
        for path, amount_minor in _leaves(part, ()):
            name = next((each for each in reversed(path) if _plain(each) not in _PLAIN), path[-1])
            yield Amount(kind_of(transaction_type, path), name, amount_minor, seller_sku)


def _leaves(part: Part, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the innermost parts with the names that lead to them, and what an outer part holds beyond its own."""
    path = (*above, part.type)
    inner = 0
    for each in part.parts:
        for leaf_path, amount_minor in _leaves(each, path):
            inner += amount_minor
            yield leaf_path, amount_minor
    if part.amount_minor is not None and part.amount_minor != inner:
        yield path, part.amount_minor - inner


class DailyAmounts(msgspec.Struct, frozen=True):
    """What one transaction brings one product on one day.

    Attributes:
        marketplace_id: where; None when Amazon does not say (fees of the account).
        seller_sku: the product; None for what is about no product.
        day: the day of the marketplace on which it was posted.
        currency: of all amounts.
        units_shipped: units that were sold by it.
        units_refunded: units whose price it gives back.
        amounts: minor units by kind, each kind once, none zero.
        state: ``estimated`` while Amazon defers it, else ``posted``.
    """

    marketplace_id: str | None
    seller_sku: str | None
    day: date
    currency: str
    units_shipped: int
    units_refunded: int
    amounts: tuple[tuple[AmountKind, int], ...]
    state: State


def counts(facts: TransactionFacts) -> bool:
    """Whether a transaction's money counts: not when another transaction tells the same money."""
    return facts.released_by is None and facts.currency is not None


def state_of(facts: TransactionFacts) -> State:
    """Return ``estimated`` for money that Amazon holds back, for it may still change; ``posted`` for all other."""
    return "estimated" if facts.status == "DEFERRED" else "posted"


def daily_amounts(facts: TransactionFacts, day: date) -> tuple[DailyAmounts, ...]:
    """Return what a transaction brings, by product; nothing for one whose money another transaction tells.

    Over all products the amounts add up to the transaction's total exactly.

    Args:
        facts: the transaction.
        day: the day of its marketplace on which it was posted.
    """
    if facts.currency is None or not counts(facts):
        return ()
    sums: dict[str | None, dict[AmountKind, int]] = {}
    for amount in amounts_of(facts):
        of_product = sums.setdefault(amount.seller_sku, {})
        of_product[amount.kind] = of_product.get(amount.kind, 0) + amount.amount_minor
    return tuple(
        DailyAmounts(
            facts.marketplace_id,
            sku,
            day,
            facts.currency,
            _units(facts, sku, refunded=False),
            _units(facts, sku, refunded=True),
            tuple(sorted((kind, minor) for kind, minor in of_product.items() if minor)),
            state_of(facts),
        )
        for sku, of_product in sorted(sums.items(), key=lambda each: each[0] or "")
    )


def _units(facts: TransactionFacts, seller_sku: str | None, *, refunded: bool) -> int:
    """Count the units of the items whose price is in the transaction.

    Amazon repeats an order's quantity on corrections of a fee; those sell and return nothing.
    """
    wanted = AmountKind.REFUNDED_SALES if refunded else AmountKind.PRODUCT_SALES
    return sum(
        abs(item.quantity)
        for item in facts.items
        if seller_sku is not None
        and item.seller_sku == seller_sku
        and item.quantity
        and any(each.kind is wanted and each.amount_minor for each in _of_item(facts, item))
    )


def line_kind(line: LineFacts) -> AmountKind:
    """Say what a line of a settlement is, by the same names."""
    return kind_of(line.transaction_type, (line.amount_type, line.amount_description))

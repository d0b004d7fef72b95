"""What each amount Amazon books is, and that none of it is lost."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.finance import amount_rules
from quayside.finance.amount_rules import Amount, AmountGroup, AmountKind, amounts_of, daily_amounts, kind_of
from quayside.finance.rules import LineFacts, Part, TransactionFacts, TransactionItem

DAY = date(2026, 3, 4)
minors = st.integers(-(10**9), 10**9)
names = st.sampled_from(
    [
        "Sales",
        "ProductCharges",
        "OurPricePrincipal",
        "AmazonFees",
        "Commission",
        "Base",
        "Tax",
        "Fee of tomorrow",
        "",
        "#",
    ]
)
types = st.sampled_from(["Shipment", "Refund", "ServiceFee", "FBAInventoryReimbursement", "Type of tomorrow"])
parts = st.recursive(
    st.builds(Part, names, st.none() | minors),
    lambda inner: st.builds(Part, names, st.none() | minors, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)
items = st.builds(
    TransactionItem,
    st.none() | st.sampled_from(["A", "B"]),
    st.none(),
    st.none() | st.integers(-3, 9),
    st.none() | minors,
    st.lists(parts, max_size=3).map(tuple),
)


@st.composite
def transactions(draw: st.DrawFn) -> TransactionFacts:
    return TransactionFacts(
        draw(types),
        draw(st.sampled_from(["RELEASED", "DEFERRED", "", "STATUS OF TOMORROW"])),
        draw(st.none() | st.just("Order Payment")),
        None,
        "USD",
        draw(minors),
        (),
        draw(st.lists(items, max_size=3).map(tuple)),
        draw(st.lists(parts, max_size=2).map(tuple)),
    )


@given(transactions())
def test_whatever_amazon_books_its_amounts_add_up_to_its_total(facts: TransactionFacts) -> None:
    assert sum(each.amount_minor for each in amounts_of(facts)) == facts.total_minor
    daily = daily_amounts(facts, DAY)
    assert sum(minor for each in daily for _, minor in each.amounts) == facts.total_minor


@pytest.mark.parametrize(
    ("transaction_type", "path", "kind"),
    [
        ("Shipment", ("ProductCharges", "OurPricePrincipal"), AmountKind.PRODUCT_SALES),
        ("Shipment", ("Product Charges", "Principle"), AmountKind.PRODUCT_SALES),
        ("Shipment", ("Tax", "OurPriceTax"), AmountKind.TAX_COLLECTED),
        ("Shipment", ("MarketplaceWithheldTax", "MarketplaceFacilitatorTax-Shipping"), AmountKind.TAX_WITHHELD),
        ("Shipment", ("LowValueGoodsTax-Principal",), AmountKind.TAX_WITHHELD),
        ("Shipment", ("AmazonFees", "Commission", "Base"), AmountKind.REFERRAL_FEE),
        ("Shipment", ("AmazonFees", "Commission", "Tax"), AmountKind.TAX_ON_FEES),
        ("Shipment", ("AmazonFees", "FeeOfTomorrow"), AmountKind.OTHER_FEE),
        ("Shipment", ("ThingOfTomorrow",), AmountKind.UNCLASSIFIED),
        ("Shipment", ("ProductCharges", "ChargeOfTomorrow"), AmountKind.UNCLASSIFIED),
        ("Shipment", ("PromoRebates", "OurPriceDiscount"), AmountKind.PROMOTION),
        ("Refund", ("ProductCharges", "OurPricePrincipal"), AmountKind.REFUNDED_SALES),
        ("Refund", ("AmazonFees", "Commission"), AmountKind.REFUNDED_REFERRAL_FEE),
        ("Refund", ("AmazonFees", "RefundCommission"), AmountKind.REFUND_ADMINISTRATION_FEE),
        ("Adjustment", ("Refunded Sales", "ProductCharges"), AmountKind.REFUNDED_SALES),
        ("ServiceFee", ("Expenses", "AmazonFees", "FBAStorageFee", "Base"), AmountKind.STORAGE_FEE),
        ("ServiceFee", ("FeeOfTomorrow",), AmountKind.OTHER_FEE),
        ("ServiceFee", ("Subscription",), AmountKind.SUBSCRIPTION_FEE),
        ("ServiceFee", ("Tax",), AmountKind.TAX_ON_FEES),
        ("ProductAdsPayment", ("AdvertisingFee",), AmountKind.ADVERTISING),
        ("FBAInventoryReimbursement", ("FBAReversedReimbursement",), AmountKind.REVERSED_REIMBURSEMENT),
        ("RemovalShipment", ("AmazonFees",), AmountKind.LIQUIDATION_FEE),
        ("RemovalShipment", ("RecommerceLiquidation",), AmountKind.LIQUIDATION_PROCEEDS),
        ("Adjustment", ("ReserveDebit",), AmountKind.RESERVE),
        ("Transfer", ("FundTransfer",), AmountKind.PAYOUT),
        ("Transfer", (), AmountKind.PAYOUT),
        ("MiscellaneousLedgerAdjustment", ("Other",), AmountKind.UNCLASSIFIED),
        ("Type of tomorrow", (), AmountKind.UNCLASSIFIED),
    ],
)
def test_what_an_amount_is(transaction_type: str, path: tuple[str, ...], kind: AmountKind) -> None:
    assert kind_of(transaction_type, path) is kind


@pytest.mark.parametrize(
    ("transaction_type", "amount_type", "description", "kind"),
    [
        ("Order", "ItemPrice", "Principal", AmountKind.PRODUCT_SALES),
        ("Order", "ItemPrice", "ShippingTax", AmountKind.TAX_COLLECTED),
        ("Order", "Promotion", "Principal", AmountKind.PROMOTION),
        ("Order", "ItemFees", "Commission", AmountKind.REFERRAL_FEE),
        ("Order", "ItemFees", "Fee of tomorrow", AmountKind.OTHER_FEE),
        ("Order", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", AmountKind.TAX_WITHHELD),
        ("Refund", "ItemPrice", "Principal", AmountKind.REFUNDED_SALES),
        ("Refund", "Promotion", "Shipping", AmountKind.REFUNDED_PROMOTION),
        ("other-transaction", "other-transaction", "Current Reserve Amount", AmountKind.RESERVE),
        ("other-transaction", "other-transaction", "Storage Fee", AmountKind.STORAGE_FEE),
        ("other-transaction", "FBA Inventory Reimbursement", "REVERSAL_REIMBURSEMENT", AmountKind.REIMBURSEMENT),
        ("other-transaction", "FBA Inventory Reimbursement", "REASON_OF_TOMORROW", AmountKind.REIMBURSEMENT),
        ("other-transaction", "FBA Inventory Reimbursement", "COMPENSATED_CLAWBACK", AmountKind.REVERSED_REIMBURSEMENT),
        ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount", AmountKind.ADVERTISING),
        ("CouponRedemptionFee", "CouponRedemptionFee", "Save 5 % on soap", AmountKind.DEAL_FEE),
        ("other-transaction", "other-transaction", "Entry of tomorrow", AmountKind.UNCLASSIFIED),
    ],
)
def test_what_a_line_of_a_settlement_is(
    transaction_type: str, amount_type: str, description: str, kind: AmountKind
) -> None:
    assert amount_rules.line_kind(LineFacts(transaction_type, amount_type, description, 1, "USD", None)) is kind


def shipment(status: str = "RELEASED", *related: tuple[str, str]) -> TransactionFacts:
    soap = TransactionItem(
        "SOAP",
        "B0SOAP",
        2,
        1640,
        (
            Part("ProductCharges", 2000, (Part("OurPricePrincipal", 2000),)),
            Part("AmazonFees", -360, (Part("Commission", -300, (Part("Base", -300),)), Part("Fee of tomorrow", -60))),
        ),
    )
    brush = TransactionItem(
        "BRUSH", "B0BRUSH", 1, 500, (Part("ProductCharges", 500, (Part("OurPricePrincipal", 500),)),)
    )
    return TransactionFacts("Shipment", status, None, "ATVPDKIKX0DER", "USD", 2140, related, (soap, brush))


def test_a_shipment_brings_each_product_its_own() -> None:
    brush, soap = daily_amounts(shipment(), DAY)
    assert (soap.seller_sku, soap.units_shipped, soap.units_refunded, soap.state) == ("SOAP", 2, 0, "posted")
    assert dict(soap.amounts) == {
        AmountKind.PRODUCT_SALES: 2000,
        AmountKind.REFERRAL_FEE: -300,
        AmountKind.OTHER_FEE: -60,
    }
    assert (brush.seller_sku, brush.amounts) == ("BRUSH", ((AmountKind.PRODUCT_SALES, 500),))


def test_held_money_is_an_estimate_and_counts_once() -> None:
    assert {each.state for each in daily_amounts(shipment("DEFERRED"), DAY)} == {"estimated"}
    assert daily_amounts(shipment("DEFERRED_RELEASED", ("RELEASE_TRANSACTION_ID", "x")), DAY) == ()
    assert len(daily_amounts(shipment("DEFERRED_RELEASED"), DAY)) == 2


def test_a_corrected_fee_that_repeats_the_quantity_returns_no_units() -> None:
    item = TransactionItem("SOAP", None, 2, 30, (Part("AmazonFees", 30, (Part("Commission", 30),)),))
    (only,) = daily_amounts(TransactionFacts("Refund", "RELEASED", None, None, "USD", 30, (), (item,)), DAY)
    assert (only.units_refunded, only.amounts) == (0, ((AmountKind.REFUNDED_REFERRAL_FEE, 30),))


def test_an_item_that_is_not_broken_down_is_what_the_whole_is() -> None:
    item = TransactionItem("SOAP", None, 1, 622)
    whole = Part("Expenses", 622, (Part("FBAInventoryReimbursement", 622),))
    facts = TransactionFacts("FBAInventoryReimbursement", "RELEASED", None, None, "GBP", 622, (), (item,), (whole,))
    assert amounts_of(facts) == (Amount(AmountKind.REIMBURSEMENT, "FBAInventoryReimbursement", 622, "SOAP"),)


def test_a_fee_beyond_the_items_is_that_fee_of_the_account() -> None:
    item = TransactionItem("SOAP", None, None, -618, (Part("FBAStorageFee", -618),))
    whole = Part("Expenses", -12609, (Part("AmazonFees", -12609, (Part("FBAStorageFee", -12609),)),))
    facts = TransactionFacts("ServiceFee", "RELEASED", "FBAStorageBilling", None, "JPY", -12609, (), (item,), (whole,))
    assert [(each.seller_sku, each.kind, each.amount_minor) for each in amounts_of(facts)] == [
        ("SOAP", AmountKind.STORAGE_FEE, -618),
        (None, AmountKind.STORAGE_FEE, -11991),
    ]


def test_what_nobody_explains_is_shown_as_that() -> None:
    facts = msgspec.structs.replace(shipment(), total_minor=2150)
    assert amounts_of(facts)[-1] == Amount(AmountKind.UNCLASSIFIED, amount_rules.NOT_IN_PARTS, 10)


def test_every_kind_stands_under_one_heading() -> None:
    assert {kind.group for kind in AmountKind} == set(AmountGroup)
    assert not AmountKind.PAYOUT.is_proceeds
    assert not AmountKind.TAX_COLLECTED.is_proceeds
    assert AmountKind.UNCLASSIFIED.is_proceeds
    spelled = [name for names in amount_rules._NAMES.values() for name in {amount_rules._plain(each) for each in names}]
    assert len(spelled) == len(set(spelled)), "a name stands under two kinds"

"""What the Product Fees API v0 is asked and answers: Amazon's own estimate of its fees for a price.

Source: Amazon's model productFeesV0.json.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from quayside.amazon.decoding import Reader, in_utc
from quayside.amazon.errors import UnexpectedAnswer
from quayside.kernel.money import Money

MAXIMUM_REQUESTS = 20
"""How many estimates one call may ask for."""


class FeeRequest(msgspec.Struct, frozen=True):
    """What fees to estimate.

    Attributes:
        identifier: ours; the answer carries it back. Unique within one call.
        marketplace_id: where it is sold.
        id_type: what ``id_value`` is.
        id_value: the SKU or ASIN.
        price: the price of one unit.
        by_amazon: whether Amazon ships it (FBA).
        shipping: what the buyer pays for shipping, when anything.
    """

    identifier: str
    marketplace_id: str
    id_type: Literal["ASIN", "SellerSKU"]
    id_value: str
    price: Money
    by_amazon: bool
    shipping: Money | None = None


class FeeAmount(msgspec.Struct, frozen=True, rename="pascal"):
    """Money, exact."""

    amount: Decimal
    currency_code: str

    def money(self) -> Money:
        """Return it in minor units.

        Raises:
            InvalidInput: it is finer than its currency.
        """
        return Money.from_decimal(str(self.amount), self.currency_code)


class Fee(msgspec.Struct, frozen=True, rename="pascal"):
    """One fee: ReferralFee, FBAFees, VariableClosingFee, PerItemFee, … . ``final_fee`` is what is charged."""

    fee_type: str
    final_fee: FeeAmount
    fee_amount: FeeAmount | None = None
    fee_promotion: FeeAmount | None = None
    tax_amount: FeeAmount | None = None
    included_fee_detail_list: "tuple[Fee, ...]" = ()


class FeeEstimate(msgspec.Struct, frozen=True):
    """What Amazon would charge.

    Attributes:
        identifier: ours, from the request.
        marketplace_id: where it is sold.
        id_type: what ``id_value`` is.
        id_value: the SKU or ASIN.
        by_amazon: whether Amazon ships it.
        total: all fees together.
        estimated_at: when Amazon made the estimate, in UTC.
        fees: the single fees.
    """

    identifier: str
    marketplace_id: str
    id_type: str
    id_value: str
    by_amazon: bool
    total: FeeAmount
    estimated_at: datetime
    fees: tuple[Fee, ...] = ()


class FeeProblem(msgspec.Struct, frozen=True):
    """Amazon gives no estimate, or one that can't be read.

    Attributes:
        identifier: ours, from the request; empty when even that could not be read.
        id_value: the SKU or ASIN, as above.
        status: ClientError, ServerError, … ; ``Unreadable`` for an answer that is none.
        code: Amazon's code, for example ``InvalidParameterValue``.
        message: Amazon's words.
    """

    identifier: str
    id_value: str
    status: str
    code: str
    message: str

    @property
    def may_pass(self) -> bool:
        """Whether the same request may get an estimate later: the trouble is Amazon's and not the request's."""
        return self.status == "ServerError"


class _Identifier(msgspec.Struct, frozen=True, rename="pascal"):
    seller_input_identifier: str = ""
    marketplace_id: str = ""
    id_type: str = ""
    id_value: str = ""
    is_amazon_fulfilled: bool = False


class _Estimate(msgspec.Struct, frozen=True, rename="pascal"):
    time_of_fees_estimation: datetime
    total_fees_estimate: FeeAmount
    fee_detail_list: tuple[Fee, ...] = ()


class _Error(msgspec.Struct, frozen=True, rename="pascal"):
    type: str = ""
    code: str = ""
    message: str = ""


class _Result(msgspec.Struct, frozen=True, rename="pascal"):
    status: str = ""
    fees_estimate_identifier: _Identifier = _Identifier()
    fees_estimate: _Estimate | None = None
    error: _Error | None = None


class _OnlyIdentifier(msgspec.Struct, frozen=True, rename="pascal"):
    fees_estimate_identifier: _Identifier = _Identifier()


_results = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_result = Reader(_Result)
_only_identifier = Reader(_OnlyIdentifier)


def request_body(requests: Sequence[FeeRequest]) -> list[dict[str, Any]]:
    """Return the body of getMyFeesEstimates; what isn't given is left out.

    Raises:
        ValueError: there are none, or more than one call may ask for.
    """
    if not 1 <= len(requests) <= MAXIMUM_REQUESTS:
        raise ValueError(f"getMyFeesEstimates takes 1 to {MAXIMUM_REQUESTS} requests, not {len(requests)}.")
    return [_request(each) for each in requests]


def _request(request: FeeRequest) -> dict[str, Any]:
    prices = {"ListingPrice": _money(request.price)}
    if request.shipping is not None:
        prices["Shipping"] = _money(request.shipping)
    return {
        "IdType": request.id_type,
        "IdValue": request.id_value,
        "FeesEstimateRequest": {
            "MarketplaceId": request.marketplace_id,
            "IsAmazonFulfilled": request.by_amazon,
            "PriceToEstimateFees": prices,
            "Identifier": request.identifier,
        },
    }


def _money(amount: Money) -> dict[str, Any]:
    return {"CurrencyCode": amount.currency, "Amount": amount.to_decimal()}


def decode_estimates(body: bytes) -> tuple[FeeEstimate | FeeProblem, ...]:
    """Read the answer of getMyFeesEstimates, estimate by estimate, in Amazon's order.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        return tuple(_read(raw) for raw in _results.decode(body))
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getMyFeesEstimates", status=200) from problem


def _read(raw: msgspec.Raw) -> FeeEstimate | FeeProblem:
    try:
        result = _result.read(raw)
    except msgspec.ValidationError as problem:
        try:
            known = _only_identifier.read(raw).fees_estimate_identifier
        except msgspec.ValidationError:
            known = _Identifier()
        return FeeProblem(known.seller_input_identifier, known.id_value, "Unreadable", "", str(problem))
    known, estimate = result.fees_estimate_identifier, result.fees_estimate
    if estimate is None:
        error = result.error or _Error()
        return FeeProblem(known.seller_input_identifier, known.id_value, result.status, error.code, error.message)
    return FeeEstimate(
        known.seller_input_identifier,
        known.marketplace_id,
        known.id_type,
        known.id_value,
        known.is_amazon_fulfilled,
        estimate.total_fees_estimate,
        in_utc(estimate.time_of_fees_estimation),
        estimate.fee_detail_list,
    )

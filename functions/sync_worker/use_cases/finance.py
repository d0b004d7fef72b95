"""Commands about money: transactions and fees."""

from typing import TYPE_CHECKING

from quayside.catalog.service import priced_skus
from quayside.finance.service import apply_fee_estimates, apply_transactions
from quayside.reviews.working import noting_refunds
from quayside.sync import datasets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "finances.list": datasets.list_transactions(noting_refunds(apply_transactions)),
    "fees.estimate": datasets.estimate_fees(priced_skus, apply_fee_estimates),
}

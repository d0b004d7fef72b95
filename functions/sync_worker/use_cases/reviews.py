"""Commands about review requests."""

from typing import TYPE_CHECKING

from quayside.reviews import working as reviews

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "reviews.send": reviews.send,
    "reviews.plan": reviews.plan,
}

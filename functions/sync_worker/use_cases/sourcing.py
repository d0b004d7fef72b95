"""Commands about products that a seller looks into."""

from typing import TYPE_CHECKING

from quayside.sourcing.working import refresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {"research.refresh": refresh}

"""Commands about a connection itself."""

from typing import TYPE_CHECKING

from quayside.sync import service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "connection.authorise": service.authorise,
    "connection.release": service.release,
}

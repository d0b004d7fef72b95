"""Commands about messages to buyers."""

from typing import TYPE_CHECKING

from quayside.messages import working as messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "messages.offer": messages.offer,
    "messages.send": messages.send,
}

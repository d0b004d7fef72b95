"""Use case of files: find the marketplace and account that a row names, among those of the tenant in scope."""

from collections.abc import Callable
from typing import NamedTuple

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service
from quayside.kernel.errors import InvalidInput
from quayside.kernel.file_rows import wrong


class Place(NamedTuple):
    """Where something is sold."""

    connection_id: str
    marketplace_id: str


type Find = Callable[[str, str], Place]


def finder() -> Find:
    """Return how a marketplace (by country, name or id) and an account are found; reads the connections once.

    What it returns raises ``InvalidInput`` when the tenant sells in no such marketplace, or through other accounts. One
    that is the only one needs no name.
    """
    open_accounts = [each.connection for each in service.known() if each.has_data]
    everywhere = [(each, marketplace_id) for each in open_accounts for marketplace_id in each.marketplace_ids]

    def find(place: str, account: str) -> Place:
        if not place and len(everywhere) == 1:
            return Place(everywhere[0][0].connection_id, everywhere[0][1])
        if not place:
            raise wrong("marketplace", "is needed, such as US")
        wanted = place.casefold()
        found = [
            (connection, marketplace_id)
            for connection, marketplace_id in everywhere
            if (known := find_marketplace(marketplace_id)) is not None
            and wanted in {marketplace_id.casefold(), known.country_code.casefold(), known.name.casefold()}
        ]
        if not found:
            raise _unknown(place)
        named = [each for each in found if account in {"", each[0].connection_id, each[0].selling_partner_id}]
        if len(named) != 1:
            accounts = ", ".join(each[0].selling_partner_id for each in found)
            raise wrong("account", f"has to be the one that sells there: {accounts}")
        connection, marketplace_id = named[0]
        return Place(connection.connection_id, marketplace_id)

    return find


def _unknown(place: str) -> InvalidInput:
    return wrong("marketplace", f"“{place[:40]}” is none where you sell; name it by country, such as US")

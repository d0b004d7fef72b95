"""Which use case runs which kind of command, one module a subject, each imported when the first such command comes.

A process that has just started has one batch before it: it imports what that one needs, not every feature.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, get_args

from quayside.sync.commands import ApplicationUse, Kind

if TYPE_CHECKING:
    from quayside.sync.service import ApplicationUseCase, UseCase

_MODULES: Mapping[str, str] = {
    "connection": "connections",
    "credential": "credentials",
    "client_secret": "credentials",
    "orders": "orders",
    "recipients": "orders",
    "personal_data": "orders",
    "report": "reports",
    "listings": "catalog",
    "catalog": "catalog",
    "grid": "catalog",
    "finances": "finance",
    "fees": "finance",
    "inventory": "stock",
    "inbound": "stock",
    "stock": "stock",
    "suggestions": "stock",
    "advice": "stock",
    "returns": "sales",
    "traffic": "sales",
    "reviews": "reviews",
    "messages": "messages",
    "research": "sourcing",
}
"""The module of each first word of a kind of command."""


class _Imported[Key: str, Value](Mapping[Key, Value]):
    """The table of that name in every module, by kind; asking for a kind imports its module."""

    def __init__(self, kinds: tuple[Key, ...], table: str) -> None:
        self._kinds = kinds
        self._table = table

    def __getitem__(self, kind: Key) -> Value:
        module = import_module(f"{__name__}.{_MODULES[kind.partition('.')[0]]}")
        found: Value = getattr(module, self._table)[kind]
        return found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def use_cases() -> "Mapping[Kind, UseCase]":
    """Return the use case of every kind of command."""
    return _Imported(get_args(Kind), "USE_CASES")


def application_use_cases() -> "Mapping[ApplicationUse, ApplicationUseCase]":
    """Return the use case of every kind of command of the application itself."""
    return _Imported(get_args(ApplicationUse), "APPLICATION_USE_CASES")

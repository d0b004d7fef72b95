"""Amazon's answers about messages to buyers: which it allows for an order, and in which language. Pure.

Source: Amazon's model messaging.json. An action is a template of Amazon's with a JSON schema (draft 4) of what it
consists of. Nothing else can be written to a buyer.
"""

from typing import Any

import msgspec

from quayside.amazon.errors import UnexpectedAnswer


class OfferedMessage(msgspec.Struct, frozen=True):
    """A message Amazon allows for an order.

    Attributes:
        action: Amazon's name of its template.
        schema: the JSON schema of what it consists of; None when Amazon only says where that is.
    """

    action: str
    schema: dict[str, Any] | None = None


class _Link(msgspec.Struct, frozen=True):
    name: str = ""


class _Links(msgspec.Struct, frozen=True):
    actions: tuple[_Link, ...]


class _Schema(msgspec.Struct, frozen=True):
    payload: dict[str, Any] | None = None


class _WithSchema(msgspec.Struct, frozen=True):
    schema: _Schema = _Schema()


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Detail(msgspec.Struct, frozen=True):
    payload: _Named = _Named()
    embedded: _WithSchema = msgspec.field(name="_embedded", default=_WithSchema())


class _Details(msgspec.Struct, frozen=True):
    actions: tuple[_Detail, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    links: _Links = msgspec.field(name="_links")
    embedded: _Details = msgspec.field(name="_embedded", default=_Details())


class _Buyer(msgspec.Struct, frozen=True):
    locale: str | None = None


class _Attributes(msgspec.Struct, frozen=True):
    buyer: _Buyer = _Buyer()


_ANSWER = msgspec.json.Decoder(_Answer)
_ATTRIBUTES = msgspec.json.Decoder(_Attributes)


def decode_offered(body: bytes, operation: str) -> tuple[OfferedMessage, ...]:
    """Return what Amazon allows for an order, in its order; nothing means that no message is allowed.

    Raises:
        UnexpectedAnswer: the answer is not what Amazon's model promises.
    """
    try:
        found = _ANSWER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(str(problem), operation=operation) from problem
    schemas = {each.payload.name: each.embedded.schema.payload for each in found.embedded.actions}
    names = dict.fromkeys(each.name for each in found.links.actions if each.name)
    return tuple(OfferedMessage(name, schemas.get(name)) for name in names)


def decode_language(body: bytes, operation: str) -> str | None:
    """Return the language tag a buyer prefers, None when Amazon names none.

    Raises:
        UnexpectedAnswer: the answer is not what Amazon's model promises.
    """
    try:
        return _ATTRIBUTES.decode(body).buyer.locale
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(str(problem), operation=operation) from problem

"""How messages to buyers are stored: how each stands, what was written, the log, what is open, what Amazon allows."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.messages.rules import Form
from quayside.messages.sending import Standing
from quayside.storage.tables import CoreItem

SOURCE = "amazon:messaging/v1"
"""Where all of it comes from: Amazon's templates and answers, so it ends as Amazon's data does."""

_ENCODER = msgspec.json.Encoder()
_STANDING = msgspec.json.Decoder(Standing)
_FORMS = msgspec.json.Decoder(tuple[Form, ...])
_WORDS = msgspec.json.Decoder(dict[str, str])


class MessageRecord(CoreItem):
    """How one message stands; its key says of which order.

    Attributes:
        step: counts the changes.
        standing: everything else, as JSON.
    """

    KIND: ClassVar[str] = "message"

    step = NumberAttribute()
    standing = UnicodeAttribute()

    def read(self) -> Standing:
        """Return how it stands."""
        return _STANDING.decode(self.standing)


class EntryRecord(CoreItem):
    """A message in the log, as it stands; nothing of what was written."""

    KIND: ClassVar[str] = "message_entry"

    standing = UnicodeAttribute()

    def read(self) -> Standing:
        """Return how it stands."""
        return _STANDING.decode(self.standing)


class WordsRecord(CoreItem):
    """What a member wrote, field by field. It may tell of a buyer, so it ends long before the message does."""

    KIND: ClassVar[str] = "message_words"

    words = UnicodeAttribute()

    def read(self) -> dict[str, str]:
        """Return what was written, by Amazon's names of the fields."""
        return _WORDS.decode(self.words)


class OpenRecord(CoreItem):
    """A message that something still has to happen to."""

    KIND: ClassVar[str] = "message_open"

    order_id = UnicodeAttribute()
    message_id = UnicodeAttribute()


class OfferRecord(CoreItem):
    """Which messages Amazon allows for an order.

    Attributes:
        asked_at: when a member last asked, ISO 8601.
        answered_at: when Amazon last answered, ISO 8601; None when it never did.
        forms: what it allowed, as JSON.
        language: in which language the buyer wants to be written to.
        problem: why Amazon allows nothing, in its words; None when it gave no reason.
    """

    KIND: ClassVar[str] = "message_offer"

    asked_at = UnicodeAttribute(null=True)
    answered_at = UnicodeAttribute(null=True)
    forms = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    problem = UnicodeAttribute(null=True)

    def read(self) -> tuple[Form, ...]:
        """Return the forms of what Amazon allowed."""
        return _FORMS.decode(self.forms) if self.forms else ()


def text_of(value: Standing | tuple[Form, ...] | dict[str, str]) -> str:
    """Write a standing, forms or words as they are stored."""
    return _ENCODER.encode(value).decode()

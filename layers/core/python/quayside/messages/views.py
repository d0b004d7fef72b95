"""What the API shows of messages to buyers. Instants are ISO 8601."""

from typing import Literal

import msgspec

from quayside.messages.rules import FileFacts, Form, State

OfferState = Literal["off", "unasked", "asking", "known"]


class MessageDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message as a member wrote it.

    Attributes:
        message_id: chosen by whoever sends this, 8 to 64 letters, digits and hyphens: the same message sent again with
            the same id is one message.
        action: Amazon's name of the template.
        values: what was filled in, by Amazon's names of the fields; days as 2026-11-22; of a file its name.
        file: the file that goes with it, whose parts were sent before; null without one.
    """

    message_id: str
    action: str
    values: dict[str, str]
    file: FileFacts | None = None


class MessageFilePart(msgspec.Struct, frozen=True):
    """That a part of a file is kept.

    Attributes:
        number: which one, from 0 on.
        kept_until: when it is deleted at the latest, ISO 8601; it goes as soon as the message is sent.
    """

    number: int
    kept_until: str


class MessageView(msgspec.Struct, frozen=True):
    """One message and what became of it.

    Attributes:
        title: what its template is for, in words.
        because: why it stands so, in words.
        written_by: the name of the member who wrote it; null when there is no such member any more.
        digest: SHA-256 of what was written.
        words: what was written, by Amazon's names of the fields; null once it is gone, and in lists.
        file_bytes: how large the file is that goes with it; null without one. Its name is among the words.
        can_withdraw: it has not gone out, so it can be taken back.
        can_settle: nobody knows whether it arrived, so a member has to say.
    """

    message_id: str
    order_id: str
    connection_id: str
    marketplace_id: str
    action: str
    title: str
    state: State
    because: str
    written_at: str
    written_by: str | None
    moved_at: str
    digest: str
    words: dict[str, str] | None
    can_withdraw: bool
    can_settle: bool
    file_bytes: int | None = None


class OrderMessages(msgspec.Struct, frozen=True):
    """What may be written to the buyer of an order, and what was.

    Attributes:
        state: ``off``: messages are switched off for the account; ``unasked``: Amazon was not asked yet what it allows;
            ``asking``: it is being asked; ``known``: ``forms`` is its answer.
        reason: what stands in the way, in words; empty when nothing does.
        action: what to do about it.
        answered_at: when Amazon said what it allows; null when it did not.
        is_good: whether a message may be written by that answer; else Amazon is asked again first.
        language: the language in which the buyer wants to be written to, such as ``en-US``; null when none is named.
        forms: the messages Amazon allows, each with what to fill in.
        messages: what was written so far, newest first.
        policy: Amazon's rules in one sentence.
        words_days: for how many days what was written is kept.
        file_part_bytes: so much of a file goes in one part; only the last is smaller.
        most_file_bytes: the largest file that goes with a message.
    """

    order_id: str
    connection_id: str
    state: OfferState
    reason: str
    action: str
    answered_at: str | None
    is_good: bool
    language: str | None
    forms: tuple[Form, ...]
    messages: tuple[MessageView, ...]
    policy: str
    words_days: int
    file_part_bytes: int
    most_file_bytes: int


class MessagesPage(msgspec.Struct, frozen=True):
    """A page of the log. ``searched_back_to`` is set when a filter looked at many messages and goes on further back."""

    messages: tuple[MessageView, ...]
    next_cursor: str | None
    searched_back_to: str | None

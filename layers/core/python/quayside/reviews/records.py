"""How review requests are stored: one item an order, its times to be decided, counts by day, and what sellers set."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from quayside.reviews.rules import Campaign
from quayside.reviews.sending import Standing
from quayside.storage.tables import CoreItem

SOURCE = "amazon:solicitations/v1"
"""Where decisions come from: orders and answers of Amazon's, so they end as Amazon's data does."""

_ENCODER = msgspec.json.Encoder()
_STANDING = msgspec.json.Decoder(Standing)
_CAMPAIGN = msgspec.json.Decoder(Campaign)


class ReviewRecord(CoreItem):
    """How the request for one order stands; its key says which, and when it was placed.

    Attributes:
        step: counts the changes.
        state: as in the standing, for lists.
        standing: everything else, as JSON.
        counted: in which count of which day it is counted at present, such as ``sent#2026-11-21``.
    """

    KIND: ClassVar[str] = "review"

    step = NumberAttribute()
    state = UnicodeAttribute()
    standing = UnicodeAttribute()
    counted = UnicodeAttribute(null=True)


class WakeUpRecord(CoreItem):
    """When an order is decided; its key says when and which."""

    KIND: ClassVar[str] = "review_wake_up"

    marketplace_id = UnicodeAttribute()
    purchased_at = UnicodeAttribute()


class MarkRecord(CoreItem):
    """When an order was first refunded and first returned, in epoch seconds."""

    KIND: ClassVar[str] = "review_mark"

    refunded_at = NumberAttribute(null=True)
    returned_at = NumberAttribute(null=True)


class DayRecord(CoreItem):
    """How many orders of one marketplace stand how, by the day it happened or is planned for."""

    KIND: ClassVar[str] = "review_day"

    planned = NumberAttribute(null=True)
    sent = NumberAttribute(null=True)
    tested = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    unclear = NumberAttribute(null=True)


class StandingRecord(CoreItem):
    """How far a connection is planned, and how Amazon answers for it.

    Attributes:
        planned_at: when orders were last looked through, in epoch seconds.
        planned_version: the version of the settings by which all orders were last looked through.
        in_a_row: how many orders in a row Amazon offered nothing for.
        rests_until: until when Amazon is not asked, in epoch seconds.
    """

    KIND: ClassVar[str] = "review_standing"

    planned_at = NumberAttribute(null=True)
    planned_version = NumberAttribute(null=True)
    in_a_row = NumberAttribute(null=True)
    rests_until = NumberAttribute(null=True)


class SwitchRecord(CoreItem):
    """Whether all requests of a tenant are paused, and the version of its settings."""

    KIND: ClassVar[str] = "review_switch"

    paused = BooleanAttribute(null=True)
    paused_at = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)


class CampaignRecord(CoreItem):
    """A campaign of a tenant's own making; it has no end."""

    KIND: ClassVar[str] = "review_campaign"

    step = NumberAttribute()
    campaign = UnicodeAttribute()
    changed_at = UnicodeAttribute()

    def read(self) -> Campaign:
        """Return the campaign."""
        return _CAMPAIGN.decode(self.campaign)


class BarredRecord(CoreItem):
    """An order on the do-not-solicit list, put there by a member."""

    KIND: ClassVar[str] = "do_not_solicit"

    added_at = UnicodeAttribute()
    added_by = UnicodeAttribute()


def text_of(value: Standing | Campaign) -> str:
    """Write a standing or a campaign as it is stored."""
    return _ENCODER.encode(value).decode()


def standing_from(text: str) -> Standing:
    """Read a stored standing."""
    return _STANDING.decode(text)


def whole(value: float | None) -> int:
    """Return a stored count; 0 when there is none."""
    return 0 if value is None else int(value)

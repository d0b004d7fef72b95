"""What the API shows of review requests. Instants are ISO 8601, days are those of the marketplace."""

import msgspec

from quayside.kernel.figures import Figure
from quayside.reviews.rules import CampaignTerms, RuleName, Verdict
from quayside.reviews.sending import State


class CampaignDraft(CampaignTerms, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A campaign as somebody wants it. Empty lists mean all; prices are minor units of ``price_currency``."""


class CampaignView(msgspec.Struct, frozen=True):
    """A campaign, and its version, which a change has to name."""

    campaign_id: str
    version: int
    changed_at: str
    campaign: CampaignDraft


class DayCounts(msgspec.Struct, frozen=True):
    """How many orders of a day are planned, and how many were sent, tested, skipped or stayed unclear."""

    day: str
    planned: int = 0
    sent: int = 0
    tested: int = 0
    skipped: int = 0
    unclear: int = 0


class ReviewsHome(msgspec.Struct, frozen=True):
    """Review requests at a glance.

    Attributes:
        figures: requests sent, skipped and waiting, and the share of decided orders that were eligible.
        days: the days of the period, oldest first.
        calendar: the days ahead on which requests go out by plan.
        paused: whether all requests are paused.
        as_of: when orders were last decided; None when they never were.
    """

    paused: bool
    paused_at: str | None
    as_of: str | None
    figures: tuple[Figure, ...]
    days: tuple[DayCounts, ...]
    calendar: tuple[DayCounts, ...]
    campaigns: tuple[CampaignView, ...]
    policy: str


class CampaignList(msgspec.Struct, frozen=True):
    """All campaigns, in the order in which they are asked, and the policy that none can break."""

    campaigns: tuple[CampaignView, ...]
    policy: str


class RuleView(msgspec.Struct, frozen=True):
    """One rule that was looked at."""

    rule: RuleName
    verdict: Verdict
    because: str


class StepView(msgspec.Struct, frozen=True):
    """One thing that happened."""

    at: str
    what: str


class DecisionView(msgspec.Struct, frozen=True):
    """What was decided about one order."""

    order_id: str
    connection_id: str
    marketplace_id: str
    purchased_at: str
    state: State
    because: str
    rule: str | None
    campaign_id: str | None
    campaign_name: str | None
    send_at: str | None
    closes_at: str | None
    decided_at: str
    answer: str | None


class DecisionsPage(msgspec.Struct, frozen=True):
    """A page of the log. ``searched_back_to`` is set when a filter looked at many orders and goes on further back."""

    decisions: tuple[DecisionView, ...]
    next_cursor: str | None
    searched_back_to: str | None


class DecisionDetail(msgspec.Struct, frozen=True):
    """One order's request: every rule with its verdict, its course, and what the order says now.

    Attributes:
        decision: as it was last written down; None when the order was not decided yet.
        rules: what the rules say at this moment, which is what would be done now.
        now: what would be done now, in words.
        course: what happened so far, oldest first.
        barred: whether it is on the do-not-solicit list.
    """

    order_id: str
    decision: DecisionView | None
    now: str
    rules: tuple[RuleView, ...]
    course: tuple[StepView, ...]
    barred: bool


class SkippedBecause(msgspec.Struct, frozen=True):
    """How many orders one rule holds back, and one of them with the reason."""

    rule: RuleName
    count: int
    example_order_id: str
    example: str


class Preview(msgspec.Struct, frozen=True):
    """What a campaign would have done with a part of the orders of the last 90 days.

    Attributes:
        would_send: orders it would have asked or will ask.
        other_campaign: orders that another campaign takes first.
        not_its_own: orders that are none of the campaign's.
        skipped: orders it would have left out, by the rule that decided.
        next_cursor: goes on with further orders; None when all were looked at. Sums are for the client to add up.
    """

    examined: int
    would_send: int
    other_campaign: int
    not_its_own: int
    skipped: tuple[SkippedBecause, ...]
    next_cursor: str | None


class BarredOrder(msgspec.Struct, frozen=True):
    """An order on the do-not-solicit list."""

    order_id: str
    added_at: str


class BarredPage(msgspec.Struct, frozen=True):
    """A page of the do-not-solicit list."""

    orders: tuple[BarredOrder, ...]
    next_cursor: str | None

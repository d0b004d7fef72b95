"""Whether and when an order's buyer is asked for a review. Pure: no clock, no store, no network.

Amazon's own limits come first and no setting loosens them: one request for an order, from 5 days after its earliest
delivery date to 30 days after its latest, and only for what was shipped. Source: Amazon's guide "Set up the
Solicitations API" and its model solicitations.json (reference/sp-api.md section 4). A seller's campaign only chooses
among what is left. A decision names every rule that was looked at with its verdict, in words a seller can read.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

OPENS_AFTER = timedelta(days=5)
"""Amazon takes no request earlier than this after the earliest delivery date."""
CLOSES_AFTER = timedelta(days=30)
"""Amazon takes no request later than this after the latest delivery date."""
CLOCKS_DIFFER = timedelta(minutes=15)
"""Nothing is sent so near an edge of the window: Amazon's clock and ours may differ."""
POLICY = (
    "Amazon allows one review request for an order, from 5 days after its earliest delivery date to 30 days after its "
    "latest."
)
"""The sentence that a setting is refused with."""
ASKED_AGAIN_AFTER_DAYS = (1, 2, 3, 5, 8)
"""After how many days Amazon is asked again when it offers no request, time after time; at last on the last day."""
LOOKED_AT_AGAIN = timedelta(days=1)
"""When an order is looked at again that lacks something: its shipment, its dates or its price."""

_UNSHIPPED = frozenset({"PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED"})

CampaignState = Literal["off", "test", "on"]
Channel = Literal["AMAZON", "MERCHANT"]
Verdict = Literal["passed", "waits", "excluded"]
Outcome = Literal["send", "test", "wait", "skip"]
RuleName = Literal[
    "do_not_solicit", "cancelled", "replacement", "shipped", "delivery_dates", "campaign", "price", "refunded",
    "returned", "late", "order_age", "window", "hour", "paused",
]  # fmt: skip


class Product(msgspec.Struct, frozen=True, array_like=True):
    """A product of an order: its SKU and, where Amazon told it, its ASIN."""

    seller_sku: str
    asin: str | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an order when it is decided; nothing of it is personal.

    Attributes:
        time_zone: IANA name of the marketplace's own time zone.
        deliver_after: Amazon's earliest delivery date, None while it gives none.
        deliver_by: Amazon's latest delivery date, None while it gives none.
        ship_by: when it had to be shipped at the latest.
        products: those of its lines that were not cancelled.
        price_minor: the price of its dearest unit in minor units, None while it is not known.
        refunded_at: when a refund was first posted, None when none was.
        returned_at: when a unit of it first came back.
        was_late: it was seen unshipped after ``ship_by``.
        is_barred: the seller put it on the do-not-solicit list.
    """

    order_id: str
    marketplace_id: str
    time_zone: str
    status: str
    fulfilled_by: str
    purchased_at: datetime
    deliver_after: datetime | None = None
    deliver_by: datetime | None = None
    ship_by: datetime | None = None
    products: tuple[Product, ...] = ()
    price_minor: int | None = None
    currency: str | None = None
    is_replacement: bool = False
    refunded_at: datetime | None = None
    returned_at: datetime | None = None
    was_late: bool = False
    is_barred: bool = False


class CampaignTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a seller wants to ask, and when. Empty lists mean all.

    Attributes:
        state: off, test (decides and logs, sends nothing) or on.
        priority: of several that fit an order the one with the lowest number counts.
        delay_days: how many days after the latest delivery date a request goes out.
        send_hour: from which hour of the day, in the marketplace's time zone.
        minimum_price_minor: the dearest unit's lowest price, in minor units of ``price_currency``.
        maximum_price_minor: its highest price.
        maximum_age_days: how long ago the order may have been placed when the request goes out.
    """

    name: str
    state: CampaignState = "off"
    priority: int = 10
    delay_days: int = 7
    send_hour: int = 10
    marketplace_ids: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    include_skus: tuple[str, ...] = ()
    exclude_skus: tuple[str, ...] = ()
    include_asins: tuple[str, ...] = ()
    exclude_asins: tuple[str, ...] = ()
    price_currency: str | None = None
    minimum_price_minor: int | None = None
    maximum_price_minor: int | None = None
    maximum_age_days: int | None = None
    exclude_refunded: bool = True
    exclude_returned: bool = True
    exclude_late: bool = True


class Campaign(CampaignTerms, frozen=True, kw_only=True):
    """A campaign that is kept: its terms, and the id it is known by."""

    campaign_id: str


class Judged(msgspec.Struct, frozen=True, array_like=True):
    """One rule with its verdict and why."""

    rule: RuleName
    verdict: Verdict
    because: str


class Window(msgspec.Struct, frozen=True):
    """When Amazon takes a request for an order, and when Quayside sends one: never near an edge."""

    opens_at: datetime
    closes_at: datetime

    @property
    def first(self) -> datetime:
        """The earliest instant at which Quayside sends."""
        return self.opens_at + CLOCKS_DIFFER

    @property
    def last(self) -> datetime:
        """The latest instant at which Quayside sends."""
        return self.closes_at - CLOCKS_DIFFER


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is done about an order now.

    Attributes:
        outcome: send it now; log that it would be sent (test); wait; or never send it (skip).
        rules: every rule that was looked at, in order; the last one decided.
        because: why, in words.
        campaign_id: the campaign that counts, None when none fits.
        send_at: when the request goes out by plan.
        look_at: when the order is decided again; None when it is not.
        window: when Amazon takes a request; None while it gives no delivery dates.
    """

    outcome: Outcome
    rules: tuple[Judged, ...]
    because: str
    campaign_id: str | None = None
    campaign_name: str | None = None
    send_at: datetime | None = None
    look_at: datetime | None = None
    window: Window | None = None

    @property
    def deciding_rule(self) -> RuleName | None:
        """The rule that held the order back, None when it may be sent."""
        return None if self.outcome in ("send", "test") else self.rules[-1].rule


def window_of(deliver_after: datetime | None, deliver_by: datetime | None, time_zone: str) -> Window | None:
    """Return when Amazon takes a request for an order, None while it gives no delivery date.

    Where Amazon gives one date alone it stands for both. Where the clocks change in between, a day is 24 hours or the
    same time of the next day, whichever makes the window shorter. So it may be too short, and never too long.
    """
    after, by = deliver_after or deliver_by, deliver_by or deliver_after
    if after is None or by is None:
        return None
    return Window(
        max(after + OPENS_AFTER, _same_time(after, OPENS_AFTER, time_zone)),
        min(by + CLOSES_AFTER, _same_time(by, CLOSES_AFTER, time_zone)),
    )


def _same_time(instant: datetime, later: timedelta, time_zone: str) -> datetime:
    """Return the instant so many days later at the same time of the day in a time zone."""
    return (instant.astimezone(ZoneInfo(time_zone)) + later).astimezone(UTC)


def at_hour(day: date, hour: int, time_zone: str) -> datetime:
    """Return the instant at which an hour of a day begins in a time zone.

    An hour that the clocks skip begins when they have moved on; of an hour that comes twice the first one counts.
    """
    return datetime.combine(day, time(hour), ZoneInfo(time_zone)).astimezone(UTC)


def _day_of(instant: datetime, time_zone: str) -> date:
    return instant.astimezone(ZoneInfo(time_zone)).date()


def planned_at(window: Window, deliver_by: datetime, delay_days: int, send_hour: int, time_zone: str) -> datetime:
    """Return when a request goes out by plan: at the seller's hour on the day they chose, always inside the window.

    A day on which that hour lies outside moves to the next day that is inside, or back to the last such day. When no
    day has that hour inside the window, the request goes out as soon as the window opens.
    """
    day = _day_of(deliver_by, time_zone) + timedelta(days=delay_days)
    day = max(day, _day_of(window.first, time_zone))
    if at_hour(day, send_hour, time_zone) < window.first:
        day += timedelta(days=1)
    if at_hour(day, send_hour, time_zone) > window.last:
        day = _day_of(window.last, time_zone)
        if at_hour(day, send_hour, time_zone) > window.last:
            day -= timedelta(days=1)
    at = at_hour(day, send_hour, time_zone)
    return at if window.first <= at <= window.last else window.first


def asked_again_at(asked: int, now: datetime, window: Window, send_hour: int, time_zone: str) -> datetime | None:
    """Return when Amazon is asked again that offered no request, None when the window closes before.

    Args:
        asked: how often it was asked so far, 1 after the first time.
        now: the time.
        window: the order's window.
        send_hour: the seller's hour.
        time_zone: of the marketplace.
    """
    place = min(asked, len(ASKED_AGAIN_AFTER_DAYS)) - 1
    day = _day_of(now, time_zone) + timedelta(days=ASKED_AGAIN_AFTER_DAYS[place])
    following = at_hour(day, send_hour, time_zone)
    if following <= window.last:
        return following
    # Once more on the last day, unless this was it.
    return window.last if now < window.last - timedelta(hours=1) else None


def fits(campaign: Campaign, order: Candidate) -> str | None:  # noqa: PLR0911 - one line a rule
    """Return why an order is none of a campaign's, None when it is one; its price is judged apart."""
    skus = {product.seller_sku for product in order.products}
    asins = {product.asin for product in order.products if product.asin}
    if campaign.marketplace_ids and order.marketplace_id not in campaign.marketplace_ids:
        return "another marketplace"
    if campaign.channels and order.fulfilled_by not in campaign.channels:
        return "another fulfilment channel"
    if campaign.include_skus and skus.isdisjoint(campaign.include_skus):
        return "none of its SKUs"
    if campaign.include_asins and asins.isdisjoint(campaign.include_asins):
        return "none of its ASINs"
    if not skus.isdisjoint(campaign.exclude_skus):
        return "a SKU it leaves out"
    if not asins.isdisjoint(campaign.exclude_asins):
        return "an ASIN it leaves out"
    return None


def in_turn(campaigns: Sequence[Campaign]) -> list[Campaign]:
    """Return the campaigns that decide, in the order in which they are asked.

    Those that are on come before those in test, so that a test never keeps a request from going out; then the lowest
    priority number, then the id, so that two workers always find the same one.
    """
    live = [each for each in campaigns if each.state != "off"]
    return sorted(live, key=lambda each: (each.state != "on", each.priority, each.campaign_id))


def chosen(campaigns: Sequence[Campaign], order: Candidate) -> tuple[Campaign | None, str]:
    """Return the campaign that counts for an order; when there is none, why."""
    live = in_turn(campaigns)
    misfits: list[str] = []
    for campaign in live:
        why = fits(campaign, order) or _price_misfit(campaign, order)
        if why is None:
            return campaign, f"“{campaign.name}” fits."
        misfits.append(f"“{campaign.name}”: {why}")
    return None, f"No campaign fits ({'; '.join(misfits[:3])})." if misfits else "No campaign is on or in test."


def _price_misfit(campaign: Campaign, order: Candidate) -> str | None:
    low, high = campaign.minimum_price_minor, campaign.maximum_price_minor
    if (low is None and high is None) or order.price_minor is None:
        return None
    if order.currency != campaign.price_currency:
        return f"its prices are in {campaign.price_currency}"
    if low is not None and order.price_minor < low:
        return "the price is too low"
    return "the price is too high" if high is not None and order.price_minor > high else None


class _Judge:
    """Collects verdicts until one decides."""

    def __init__(self, order: Candidate) -> None:
        self.order = order
        self.rules: list[Judged] = []
        self.campaign: Campaign | None = None
        self.window = window_of(order.deliver_after, order.deliver_by, order.time_zone)
        self.send_at: datetime | None = None

    def passed(self, rule: RuleName, because: str) -> None:
        self.rules.append(Judged(rule, "passed", because))

    def skip(self, rule: RuleName, because: str) -> Decision:
        self.rules.append(Judged(rule, "excluded", because))
        return self._decision("skip", None)

    def wait(self, rule: RuleName, because: str, look_at: datetime) -> Decision:
        self.rules.append(Judged(rule, "waits", because))
        return self._decision("wait", look_at)

    def go(self) -> Decision:
        return self._decision("send" if self.campaign is not None and self.campaign.state == "on" else "test", None)

    def _decision(self, outcome: Outcome, look_at: datetime | None) -> Decision:
        return Decision(
            outcome=outcome,
            rules=tuple(self.rules),
            because=self.rules[-1].because,
            campaign_id=self.campaign.campaign_id if self.campaign else None,
            campaign_name=self.campaign.name if self.campaign else None,
            send_at=self.send_at,
            look_at=look_at,
            window=self.window,
        )


def decide(order: Candidate, campaigns: Sequence[Campaign], now: datetime, *, is_paused: bool = False) -> Decision:
    """Decide what is done about an order now. The same arguments always give the same decision."""
    judge = _Judge(order)
    return (
        _policy(judge, now) or _campaign(judge, campaigns, now) or _time(judge, now, is_paused=is_paused) or judge.go()
    )


def _policy(judge: _Judge, now: datetime) -> Decision | None:  # noqa: PLR0911 - one return a verdict
    """Judge what no setting can change."""
    order, window = judge.order, judge.window
    if order.is_barred:
        return judge.skip("do_not_solicit", "It is on your do-not-solicit list.")
    judge.passed("do_not_solicit", "It is not on your do-not-solicit list.")
    if order.status in ("CANCELLED", "UNFULFILLABLE"):
        return judge.skip("cancelled", "The order was cancelled.")
    judge.passed("cancelled", "It was not cancelled.")
    if order.is_replacement:
        return judge.skip("replacement", "It replaces an earlier order free of charge.")
    judge.passed("replacement", "It is no replacement.")
    if window is not None and now > window.last:
        return judge.skip("window", f"Amazon's window closed on {_words(window.closes_at, order.time_zone)}.")
    if order.status != "SHIPPED":
        what = "It is not shipped yet." if order.status in _UNSHIPPED else f"Its status is {order.status}."
        # Right after its ship-by date it is seen whether it is late.
        late_at = None if order.ship_by is None else order.ship_by + CLOCKS_DIFFER
        return judge.wait("shipped", what, late_at if late_at is not None and late_at > now else now + LOOKED_AT_AGAIN)
    judge.passed("shipped", "It is shipped.")
    if window is None:
        if now > order.purchased_at + _GIVES_DATES_WITHIN:
            return judge.skip(
                "delivery_dates", "Amazon gave no delivery dates, so the time for a request is not known."
            )
        return judge.wait("delivery_dates", "Amazon gives no delivery dates yet.", now + LOOKED_AT_AGAIN)
    if window.first > window.last:
        return judge.skip("delivery_dates", "Amazon's delivery dates contradict each other.")
    by = order.deliver_by or order.deliver_after or window.opens_at
    judge.passed("delivery_dates", f"Amazon delivers it by {_words(by, order.time_zone)}.")
    return None


_GIVES_DATES_WITHIN = timedelta(days=35)
"""So long after the purchase an order without delivery dates is given up: its window would be closing."""


def _campaign(judge: _Judge, campaigns: Sequence[Campaign], now: datetime) -> Decision | None:
    """Choose the campaign, and judge what it excludes."""
    order = judge.order
    campaign, why = chosen(campaigns, order)
    if campaign is None:
        return judge.skip("campaign", why)
    judge.campaign = campaign
    judge.passed("campaign", why)
    if campaign.minimum_price_minor is not None or campaign.maximum_price_minor is not None:
        if order.price_minor is None:
            return judge.wait("price", "Its price is not known yet.", now + LOOKED_AT_AGAIN)
        judge.passed("price", "Its price is within the campaign's range.")
    if campaign.exclude_refunded and order.refunded_at is not None:
        return judge.skip("refunded", f"It was refunded on {_words(order.refunded_at, order.time_zone)}.")
    judge.passed("refunded", "It was not refunded." if order.refunded_at is None else "Refunded orders are asked too.")
    if campaign.exclude_returned and order.returned_at is not None:
        return judge.skip("returned", f"It was returned on {_words(order.returned_at, order.time_zone)}.")
    judge.passed("returned", "It was not returned." if order.returned_at is None else "Returned orders are asked too.")
    if campaign.exclude_late and order.was_late:
        return judge.skip("late", "It was shipped after its ship-by date.")
    judge.passed("late", "Late orders are asked too." if order.was_late else "It was not seen to be late.")
    return None


def _time(judge: _Judge, now: datetime, *, is_paused: bool) -> Decision | None:
    """Judge whether it is time."""
    order, campaign, window = judge.order, judge.campaign, judge.window
    if campaign is None or window is None:
        raise ValueError("The time is judged after the campaign and the window.")
    zone = order.time_zone
    by = order.deliver_by or order.deliver_after or window.opens_at
    judge.send_at = planned_at(window, by, campaign.delay_days, campaign.send_hour, zone)
    limit = campaign.maximum_age_days
    if limit is not None:
        if max(now, judge.send_at) - order.purchased_at > timedelta(days=limit):
            return judge.skip("order_age", f"It would be more than {limit} days old.")
        judge.passed("order_age", f"It is at most {limit} days old.")
    closes = _words(window.closes_at, zone)
    if now < judge.send_at:
        because = f"It goes out on {_words(judge.send_at, zone)}; Amazon's window is open until {closes}."
        return judge.wait("window", because, judge.send_at)
    judge.passed("window", f"Amazon's window is open until {closes}.")
    # What is late keeps to the seller's hour on later days too, as long as the window allows it.
    today = at_hour(_day_of(now, zone), campaign.send_hour, zone)
    if now < today <= window.last:
        return judge.wait("hour", f"It goes out today from {campaign.send_hour:02}:00.", today)
    judge.passed("hour", f"It is past {campaign.send_hour:02}:00 in the marketplace.")
    if is_paused and campaign.state == "on":
        because = f"All requests are paused; Amazon's window is open until {closes}."
        return judge.wait("paused", because, min(now + LOOKED_AT_AGAIN, window.last))
    return None


def _words(instant: datetime, time_zone: str) -> str:
    local = instant.astimezone(ZoneInfo(time_zone))
    return f"{local.day} {local:%B %Y, %H:%M}"

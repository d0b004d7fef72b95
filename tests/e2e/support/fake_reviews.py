"""Review requests as the screens know them: campaigns that can be made, a log, a preview, in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse

from quayside.kernel.errors import InvalidInput
from quayside.kernel.figures import figure, method_card
from quayside.reviews.campaign_rules import Place, check
from quayside.reviews.rules import POLICY, Campaign, Product, decide
from quayside.reviews.rules import Candidate as Order
from quayside.reviews.views import (
    BarredOrder,
    BarredPage,
    CampaignDraft,
    CampaignList,
    CampaignView,
    DayCounts,
    DecisionDetail,
    DecisionsPage,
    DecisionView,
    Preview,
    ReviewsHome,
    RuleView,
    SkippedBecause,
    StepView,
)
from tests.e2e.support.fake_data import instant

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from quayside.reviews.rules import Judged

Json = dict[str, Any]


class FakeReviews:
    """The reviews of one deployment's worth of state; ``on`` campaigns send a request with every look."""

    def __init__(self, now: datetime, orders: list[Json]) -> None:
        self._orders = orders
        self.paused = False
        self.campaigns: list[CampaignView] = []
        self.barred: list[str] = []
        self.sent = 0
        self.add(CampaignDraft(name="Everyone, a week after", state="on"), now)
        self.add(CampaignDraft(name="Lamps, evenings", state="test", send_hour=18, include_skus=("LAMP-01",)), now)

    def add(self, draft: CampaignDraft, now: datetime) -> CampaignView:
        """Keep a campaign."""
        made = CampaignView(f"campaign-{len(self.campaigns) + 1}", 1, instant(now), draft)
        self.campaigns.append(made)
        return made

    def answer(self, method: str, path: list[str], query: Any, body: Json, now: datetime) -> Response:  # noqa: C901, PLR0911 - a line a route
        """Answer one call below ``/reviews``."""
        match [method, *path]:
            case ["GET"]:
                return _json(self._home(now, int(query.get("days", "30"))))
            case ["PUT", "pause"]:
                self.paused = body["paused"]
                return _json(self._list())
            case ["GET", "campaigns"]:
                return _json(self._list())
            case ["POST", "campaigns"]:
                draft = msgspec.convert(body, CampaignDraft)
                return self._refused(draft) or _json(self.add(draft, now), 201)
            case ["PUT", "campaigns", campaign_id]:
                return self._change(campaign_id, msgspec.convert(body["campaign"], CampaignDraft), now)
            case ["POST", "campaigns", campaign_id, "remove"]:
                self.campaigns = [each for each in self.campaigns if each.campaign_id != campaign_id]
                return _json(self._list())
            case ["POST", "preview"]:
                draft = msgspec.convert(body["campaign"], CampaignDraft)
                return self._refused(draft) or _json(_preview(body.get("cursor")))
            case ["GET", "decisions"]:
                return _json(self._decisions(query.get("search", ""), query.get("state", ""), now))
            case ["GET", "do-not-solicit"]:
                return _json(self._barred(now))
            case ["POST", "do-not-solicit"]:
                self.barred += body["order_ids"]
                return _json(self._barred(now), 201)
            case _:
                self.barred.remove(path[1])
                return _json(self._barred(now))

    def _refused(self, draft: CampaignDraft) -> Response | None:
        campaign = Campaign(campaign_id="draft", **msgspec.structs.asdict(draft))
        try:
            check(campaign, [Place("ATVPDKIKX0DER", "USD"), Place("A1PA6795UKMFR9", "EUR")])
        except InvalidInput as problem:
            body = {
                "type": f"urn:quayside:problem:{problem.code}",
                "title": "Bad Request",
                "status": 400,
                "code": problem.code,
                "detail": problem.detail,
                "action": problem.action,
                "request_id": "3f1c-test",
                "fields": msgspec.to_builtins(problem.fields),
            }
            return JSONResponse(body, 400, media_type="application/problem+json")
        return None

    def _change(self, campaign_id: str, draft: CampaignDraft, now: datetime) -> Response:
        refused = self._refused(draft)
        if refused is not None:
            return refused
        place = next(at for at, each in enumerate(self.campaigns) if each.campaign_id == campaign_id)
        self.campaigns[place] = CampaignView(campaign_id, self.campaigns[place].version + 1, instant(now), draft)
        return _json(self.campaigns[place])

    def _list(self) -> CampaignList:
        return CampaignList(tuple(self.campaigns), POLICY)

    def _barred(self, now: datetime) -> BarredPage:
        return BarredPage(tuple(BarredOrder(each, instant(now)) for each in sorted(self.barred)), None)

    def _home(self, now: datetime, days: int) -> ReviewsHome:
        if any(each.campaign.state == "on" for each in self.campaigns) and not self.paused:
            self.sent += 1
        counts = (("reviews_sent", 412 + self.sent), ("reviews_waiting", 96), ("reviews_skipped", 37))
        figures = [
            figure(
                value,
                unit="orders",
                as_of=now,
                state="posted",
                source="Quayside's log of decisions",
                method=method_card(name, name.replace("_", " "), "Orders counted", f"{value} orders"),
            )
            for name, value in counts
        ]
        rate = method_card("reviews_eligible_rate", "Eligible rate", "Asked divided by decided", "412 ÷ 449")
        figures.append(figure(92, unit="percent", as_of=now, state="posted", source="The same", method=rate))
        today = now.date()
        return ReviewsHome(
            paused=self.paused,
            paused_at=instant(now - timedelta(minutes=3)) if self.paused else None,
            as_of=instant(now - timedelta(minutes=4)),
            figures=tuple(figures),
            days=tuple(
                DayCounts(
                    (today - timedelta(days=back)).isoformat(),
                    sent=10 + back * 7 % 9,
                    tested=back % 3,
                    skipped=back % 4,
                )
                for back in range(days - 1, -1, -1)
            ),
            calendar=tuple(
                DayCounts((today + timedelta(days=ahead)).isoformat(), planned=max(0, 12 - ahead))
                for ahead in range(36)
            ),
            campaigns=tuple(self.campaigns),
            policy=POLICY,
        )

    def decision(self, order_id: str, now: datetime) -> Response:
        """Answer what is decided about one order."""
        order = next((each for each in self._orders if each["order_id"] == order_id), None)
        if order is None:
            return JSONResponse({"title": "Not Found", "code": "order_not_found"}, 404)
        rules = _rules(order, now)
        view = _decision(order, 0, now)
        course = (StepView(instant(now - timedelta(days=1)), view.because),)
        return _json(
            DecisionDetail(
                order_id=order_id,
                decision=view,
                now="Nothing more happens: a buyer is asked once at most." if view.state == "sent" else view.because,
                rules=tuple(RuleView(each.rule, each.verdict, each.because) for each in rules),
                course=course,
                barred=order_id in self.barred,
            )
        )

    def _decisions(self, search: str, state: str, now: datetime) -> DecisionsPage:
        found = [_decision(order, place, now) for place, order in enumerate(self._orders[:24])]
        return DecisionsPage(
            tuple(each for each in found if search in each.order_id and state in {"", each.state}), None, None
        )


def _json(answer: object, status: int = 200) -> Response:
    return JSONResponse(msgspec.to_builtins(answer), status)


def _preview(cursor: str | None) -> Preview:
    skipped = (
        SkippedBecause("refunded", 19, "114-3941689-8772232", "It was refunded on 3 November 2026, 09:12."),
        SkippedBecause("returned", 18, "114-3941689-8772277", "It was returned on 4 November 2026, 10:01."),
    )
    if cursor is None:
        return Preview(500, 300, 0, 20, (), "more")
    return Preview(149, 112, 0, 0, skipped, None)


def _rules(order: Json, now: datetime) -> tuple[Judged, ...]:
    candidate = Order(
        order_id=order["order_id"],
        marketplace_id=order["marketplace_id"],
        time_zone="America/Los_Angeles",
        status="SHIPPED",
        fulfilled_by="AMAZON",
        purchased_at=now - timedelta(days=12),
        deliver_after=now - timedelta(days=10),
        deliver_by=now - timedelta(days=8),
        products=(Product("LAMP-01"),),
    )
    everyone = Campaign(
        campaign_id="campaign-1", name="Everyone, a week after", state="on", priority=1, delay_days=7, send_hour=0
    )
    return decide(candidate, (everyone,), now).rules


def _decision(order: Json, place: int, now: datetime) -> DecisionView:
    state, because, rule, answer = (
        ("sent", "The request was sent.", None, "Amazon accepted the request."),
        (
            "waiting",
            "It goes out on 29 November 2026, 10:00; Amazon's window is open until 21 December.",
            "window",
            None,
        ),
        ("skipped", "It was refunded on 3 November 2026, 09:12.", "refunded", None),
        ("tested", "It would be sent now; the campaign is in test.", None, None),
    )[place % 4]
    return DecisionView(
        order_id=order["order_id"],
        connection_id=order["connection_id"],
        marketplace_id=order["marketplace_id"],
        purchased_at=order["purchased_at"],
        state=state,  # type: ignore[arg-type]
        because=because,
        rule=rule,
        campaign_id="campaign-1",
        campaign_name="Everyone, a week after",
        send_at=None,
        closes_at=instant(now + timedelta(days=20)),
        decided_at=instant(now),
        answer=answer,
    )

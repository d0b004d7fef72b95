"""The fake API answers in the shapes of the real one: what the screens are tested with is what they will get."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from quayside.accounts.views import AuthenticatorSetup, Me, Session, SignedUp
from quayside.analytics.views import (
    Overview,
    ProductPage,
    ProductView,
    ProfitView,
    ReturnsView,
    SettlementComparison,
)
from quayside.compliance.abuse_views import AbuseCaseList, AbuseCaseView
from quayside.compliance.audit_views import AuditPage
from quayside.compliance.credentials_views import CredentialsView
from quayside.compliance.disclosure_views import DisclosuresPage
from quayside.compliance.erasure_views import ErasureView
from quayside.compliance.export_views import ExportView
from quayside.compliance.promise_views import PromisesPage, SubprocessorsPage
from quayside.connections.views import Authorization, ConnectionList, ConnectionView, QuarantinePage, TroubleView
from quayside.finance.cost_views import CostFileView, LotPage, OtherCostList, RateList
from quayside.finance.settlement_views import SettlementDetail, SettlementLinePage, SettlementPage
from quayside.fulfilment.views import RecipientStanding, RecipientView
from quayside.inventory.own_views import BalancePage, Ledger, LinksView, LocationList
from quayside.inventory.views import InventoryPage, StockDetail
from quayside.kernel.file_rows import ImportView
from quayside.messages.views import MessageFilePart, MessagesPage, OrderMessages
from quayside.orders.views import OrderDetail, OrderPage
from quayside.procurement.paper_views import LinesFileView, PaperView
from quayside.procurement.supplier_views import ScorecardView, SupplierPage, SupplierView
from quayside.procurement.views import ChangePage, DuePage, OrderView, PurchasePage, VersionView
from quayside.restock.views import BudgetPlan, RestockPage, ScoresView, SettingsView, SuggestionCard, WhatIf
from quayside.reviews.views import BarredPage, CampaignList, CampaignView, DecisionsPage, Preview, ReviewsHome
from quayside.sourcing.views import Board, Comparison, LeadView, RealisedView
from quayside.sync.views import BoardPage, ReportsPage, RowsPage, RunsPage, SyncView
from seller_api.http import Problem
from seller_api.routes.configuration import Configuration
from seller_api.routes.data import DataPage
from tests.e2e.support import fake_sourcing, fake_sync
from tests.e2e.support.fake_api import CODE, EMAIL, PASSWORD
from tests.e2e.support.fake_data import AMERICA, EUROPE
from tests.e2e.support.fake_money import EXPLAINED

if TYPE_CHECKING:
    from tests.e2e.support.fake_api import FakeQuayside

_AUTHORISED = {"Authorization": "Bearer token-1"}

READS = (
    ("configuration", Configuration),
    ("me", Me),
    ("connections", ConnectionList),
    (f"connections/{AMERICA}", ConnectionView),
    (f"connections/{AMERICA}/quarantine", QuarantinePage),
    ("operations/quarantine", QuarantinePage),
    ("operations/credentials", CredentialsView),
    ("operations/abuse", AbuseCaseList),
    ("operations/abuse/4c0ffee4c0ffee4c", AbuseCaseView),
    ("operations/sync", BoardPage),
    ("operations/sync?state=failing", BoardPage),
    (f"connections/{AMERICA}/sync", SyncView),
    (f"connections/{EUROPE}/sync", SyncView),
    (f"connections/{AMERICA}/datasets/orders/runs", RunsPage),
    (f"connections/{AMERICA}/datasets/listings/rows", RowsPage),
    (f"connections/{AMERICA}/reports", ReportsPage),
    ("audit", AuditPage),
    ("promises", PromisesPage),
    ("subprocessors", SubprocessorsPage),
    ("data/disclosures", DisclosuresPage),
    ("data", DataPage),
    ("orders?limit=100", OrderPage),
    ("orders?search=lamp", OrderPage),
    ("inventory", InventoryPage),
    ("inventory?standing=out", InventoryPage),
    ("restock", RestockPage),
    (f"inventory/links?connection_id={EUROPE}", LinksView),
    ("restock/suggestion?seller_sku=LAMP-01", SuggestionCard),
    ("restock/scores", ScoresView),
    ("restock/settings", SettingsView),
    ("inventory/position?seller_sku=LAMP-01", StockDetail),
    ("inventory/locations", LocationList),
    ("inventory/locations/garage/stock", BalancePage),
    ("inventory/movements?location_id=garage&seller_sku=A", Ledger),
    ("finance/settlements", SettlementPage),
    (f"finance/settlements/{EUROPE}/{EXPLAINED}", SettlementDetail),
    (f"finance/settlements/{EUROPE}/{EXPLAINED}/lines", SettlementLinePage),
    (f"analytics/settlements/{EUROPE}/{EXPLAINED}", SettlementComparison),
    ("costs", LotPage),
    ("costs/other", OtherCostList),
    ("costs/rates", RateList),
    ("sourcing", Board),
    (f"sourcing/leads/{fake_sourcing.LEAD}", LeadView),
    (f"sourcing/leads/{fake_sourcing.PRODUCT}/realised", RealisedView),
    (f"sourcing/leads/{fake_sourcing.LEAD}/comparison?units=500&currency=EUR", Comparison),
    ("suppliers", SupplierPage),
    ("suppliers/supplier-0", SupplierView),
    ("suppliers/supplier-0/scorecard", ScorecardView),
    ("purchase-orders", PurchasePage),
    ("purchase-orders/order-6", OrderView),
    ("purchase-orders/order-6/changes", ChangePage),
    ("purchase-orders/order-6/versions/2", VersionView),
    ("purchase-orders/order-6/pdf", PaperView),
    ("procurement/payments", DuePage),
    ("reviews", ReviewsHome),
    ("reviews/campaigns", CampaignList),
    ("reviews/decisions", DecisionsPage),
    ("reviews/do-not-solicit", BarredPage),
    ("messages", MessagesPage),
    ("messages?state=unclear", MessagesPage),
    ("analytics/overview?period=today", Overview),
    ("analytics/overview?period=90d", Overview),
    ("analytics/profit?period=30d&by=week", ProfitView),
    ("analytics/returns?period=30d", ReturnsView),
    ("analytics/products?period=30d&marketplace_id=A1PA6795UKMFR9", ProductPage),
    ("analytics/products/MUG-SET-4?period=30d&marketplace_id=A1PA6795UKMFR9", ProductView),
)

WRITES: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("auth/sign-up", {"email": EMAIL, "password": PASSWORD, "name": "M", "organisation": "T"}, SignedUp),
    ("auth/sign-in", {"email": EMAIL, "password": PASSWORD}, Session),
    ("auth/mfa/begin", {}, AuthenticatorSetup),
    ("connections/authorizations", {"marketplace_id": "A1PA6795UKMFR9"}, Authorization),
    (f"connections/{EUROPE}/datasets/orders/pause", {}, SyncView),
    (f"connections/{EUROPE}/datasets/orders/run", {}, SyncView),
    ("reviews/campaigns", {"name": "New"}, CampaignView),
    ("reviews/preview", {"campaign": {"name": "New"}}, Preview),
    ("data/exports", {"connection_id": AMERICA}, ExportView),
    (
        "purchase-orders/file/preview",
        {"csv": "seller_sku,units,unit_price\nA,1,1\nB,x,1\n", "currency": "USD"},
        LinesFileView,
    ),
    ("sourcing/file/preview", {"csv": "name"}, ImportView),
    (f"sourcing/leads/{fake_sourcing.LEAD}/quotes/file/preview", {"csv": "supplier_name"}, ImportView),
    ("costs/file/preview", {"csv": "seller_sku"}, CostFileView),
    ("restock/what-if", {"seller_sku": "LAMP-01"}, WhatIf),
    ("restock/budget", {"budget_minor": "1"}, BudgetPlan),
    ("tenant/close", {"confirmation": "Tidewater Goods"}, ErasureView),
    ("connections/callback", {"state": "state-9", "selling_partner_id": "A1", "code": "c"}, ConnectionView),
)


def _same_shape(answer: httpx.Response, shape: Any) -> None:
    """Assert that an answer decodes strictly into a view, and that the view loses nothing of it."""
    told = answer.json()
    for entry in told.get("entries", ()):
        # The view writes what arrived as it arrived, JSON or not; only its text form can be read back.
        if "payload" in entry:
            entry["payload"] = str(entry["payload"])
    view = msgspec.convert(told, shape)
    assert msgspec.json.decode(msgspec.json.encode(view)) == told


@pytest.mark.parametrize(("path", "shape"), READS, ids=[path for path, _ in READS])
def test_a_read_has_the_real_shape(
    path: str, shape: Any, fake: FakeQuayside, deployment: tuple[FakeQuayside, str]
) -> None:
    answer = httpx.get(f"{deployment[1]}api/v1/{path}", headers=_AUTHORISED)
    assert answer.status_code == 200
    _same_shape(answer, shape)
    assert fake.seen


def test_every_order_has_the_real_shape(fake: FakeQuayside) -> None:
    for order in fake.orders:
        view = msgspec.convert(order, OrderDetail)
        assert msgspec.json.decode(msgspec.json.encode(view)) == order


def test_a_delivery_address_has_the_real_shape(fake: FakeQuayside, deployment: tuple[FakeQuayside, str]) -> None:
    base = f"{deployment[1]}api/v1/orders/{fake.orders[0]['order_id']}"
    _same_shape(httpx.get(f"{base}/delivery", headers=_AUTHORISED), RecipientStanding)
    _same_shape(httpx.get(f"{base}/recipient?purpose=label", headers=_AUTHORISED), RecipientView)


def test_messages_of_an_order_have_the_real_shape(fake: FakeQuayside, deployment: tuple[FakeQuayside, str]) -> None:
    order = next(each for each in fake.orders if each["connection_id"] == EUROPE)
    base = f"{deployment[1]}api/v1/orders/{order['order_id']}/messages"
    _same_shape(httpx.post(f"{base}/offer", json={}, headers=_AUTHORISED), OrderMessages)
    message = {"message_id": "message-9", "action": "unexpectedProblem", "values": {"text": "It is late."}}
    _same_shape(httpx.post(base, json={"message": message}, headers=_AUTHORISED), OrderMessages)
    _same_shape(httpx.get(base, headers=_AUTHORISED), OrderMessages)
    review = {**message, "values": {"text": "Please leave a review"}}
    _same_shape(httpx.post(base, json={"message": review}, headers=_AUTHORISED), Problem)
    part = {"number": 0, "content": base64.b64encode(b"%PDF-1.7").decode()}
    _same_shape(httpx.post(f"{base}/message-10/file-parts", json=part, headers=_AUTHORISED), MessageFilePart)
    _same_shape(httpx.post(f"{base}/message-9/withdraw", json={}, headers=_AUTHORISED), OrderMessages)


@pytest.mark.parametrize(("path", "body", "shape"), WRITES, ids=[path for path, _, _ in WRITES])
def test_a_write_has_the_real_shape(
    path: str, body: dict[str, Any], shape: Any, fake: FakeQuayside, deployment: tuple[FakeQuayside, str]
) -> None:
    answer = httpx.post(f"{deployment[1]}api/v1/{path}", json=body, headers=_AUTHORISED)
    assert answer.status_code in {200, 201, 202}
    _same_shape(answer, shape)
    assert fake.seen


@pytest.mark.parametrize("path", ["orders/none", "connections/none", "nowhere"])
def test_a_problem_has_the_real_shape(path: str, fake: FakeQuayside, deployment: tuple[FakeQuayside, str]) -> None:
    answer = httpx.get(f"{deployment[1]}api/v1/{path}", headers=_AUTHORISED)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    _same_shape(answer, Problem)
    assert fake.seen


def test_a_wrong_code_names_its_field(fake: FakeQuayside, deployment: tuple[FakeQuayside, str]) -> None:
    answer = httpx.post(f"{deployment[1]}api/v1/auth/confirm", json={"email": EMAIL, "code": CODE[::-1]})
    _same_shape(answer, Problem)
    assert answer.json()["fields"][0]["field"] == "code"
    assert fake.seen


@pytest.mark.parametrize("kind", sorted(fake_sync.TROUBLES))
def test_a_trouble_has_the_real_shape(kind: str, fake: FakeQuayside) -> None:
    told = fake_sync.trouble(kind, fake.now())
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(told, TroubleView))) == told


def test_a_switched_feature_answers_in_the_real_shape(fake: FakeQuayside, deployment: tuple[FakeQuayside, str]) -> None:
    address = f"{deployment[1]}api/v1/connections/{EUROPE}/features/profit"
    answer = httpx.put(address, json={"on": False}, headers=_AUTHORISED)
    _same_shape(answer, SyncView)
    assert fake.features_off[EUROPE] == {"profit"}

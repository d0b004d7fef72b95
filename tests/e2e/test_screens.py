"""Every screen, in light and dark, on a desk and on a phone: no barrier, no error, no jump, no weight."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import ARTEFACTS
from tests.e2e.support import fake_data, fake_money, fake_sourcing, fake_sync
from tests.e2e.support.fake_api import EMAIL, PASSWORD, problem
from tests.e2e.support.fake_data import AMERICA, EUROPE
from tests.e2e.support.visit import DESKTOP_WIDTH, PHONE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark import ParameterSet

    from tests.e2e.support.fake_api import FakeQuayside
    from tests.e2e.support.visit import Visit, Visits

FIRST_LOAD_BYTES: Final = 200 * 1024


ALL: Final = (("light", DESKTOP_WIDTH), ("light", PHONE_WIDTH), ("dark", DESKTOP_WIDTH), ("dark", PHONE_WIDTH))
"""Both themes on both widths: for each screen as such."""
SOME: Final = (("light", DESKTOP_WIDTH), ("dark", PHONE_WIDTH))
"""For further states of a screen: each theme and each width once."""
ONE: Final = (("dark", PHONE_WIDTH),)
"""For small screens that are built of parts that others show in every look."""


class Case(NamedTuple):
    """A screen in one of its states: how the world is, where to go, what to do there."""

    name: str
    path: str | Callable[[FakeQuayside], str]
    world: Callable[[FakeQuayside], None] = lambda _: None
    act: Callable[[Visit], None] = lambda _: None
    signed_in: bool = True
    expects_errors: bool = False
    looks: tuple[tuple[str, int], ...] = SOME


def _product(fake: FakeQuayside) -> str:
    found = fake.positions[1]
    return "stock/product?" + "&".join(
        f"{name}={found[name]}" for name in ("connection_id", "marketplace_id", "seller_sku")
    )


def _cases() -> list[ParameterSet]:
    """Return each case in each of its looks."""
    return [
        pytest.param(case, theme, width, id=f"{case.name}-{theme}-{width}")
        for case in CASES
        for theme, width in case.looks
    ]


def _credentials(visit: Visit) -> None:
    visit.page.get_by_label("E-mail").fill(EMAIL)
    visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_role("button", name="Continue").wait_for()
    visit.settle()


def _empty_sign_up(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Create account").click()
    visit.page.get_by_role("alert").wait_for()


def _challenge(kind: str) -> Callable[[FakeQuayside], None]:
    return lambda fake: setattr(fake, "challenge", kind)


def _short_lists(fake: FakeQuayside) -> None:
    """Enough rows to see every kind; a check of each further row would only take longer."""
    fake.orders, fake.positions = fake.orders[:24], fake.positions[:12]


def _erasures(fake: FakeQuayside) -> None:
    waiting = fake_data.erasure(fake.now(), AMERICA, "disconnect")
    fake.erasures = [waiting, fake_data.erasure(fake.now(), EUROPE, "revocation", "running")]
    fake.receipts = [fake_data.receipt(fake.now())]
    states = ((AMERICA, "running"), (None, "ready"), (None, "failed"))
    fake.exports = [fake_data.export(fake.now(), of, state) for of, state in states]


def _open_closing(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Close the account…").click()
    visit.page.get_by_role("dialog").wait_for()
    visit.settle()


def _reviews_paused(fake: FakeQuayside) -> None:
    fake.reviews.paused = True


def _no_campaigns(fake: FakeQuayside) -> None:
    fake.reviews.campaigns = []


def _previewed(visit: Visit) -> None:
    visit.page.get_by_text("Would have asked 412").wait_for()


def _machine_drawn(visit: Visit) -> None:
    card = visit.page.get_by_role("region", name="A purchase order", exact=True)
    card.get_by_text("Drawing and table").click()
    card.get_by_role("img").wait_for()
    visit.settle()


def _receive_dialog(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Receive…").click()
    visit.page.get_by_role("dialog").wait_for()
    visit.settle()


def _taking_back(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Take the receipt of", exact=False).click()
    visit.page.get_by_role("dialog").get_by_text("Garage: 612 become 132.").wait_for()
    visit.page.get_by_role("dialog").get_by_label("Reason", exact=True).fill("Counted twice")
    visit.settle()


def _lines_from_file(visit: Visit) -> None:
    rows = b"seller_sku;units;unit_price\nLAMP-01;600;8,45\nLAMP-02;x;1\n"
    visit.page.get_by_label("File", exact=True).set_input_files(
        {"name": "l.csv", "mimeType": "text/csv", "buffer": rows}
    )
    visit.page.get_by_text("1 line taken into the form, 1 refused").wait_for()
    visit.settle()


def _both_versions(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Save as a new version").click()
    visit.page.get_by_text("Somebody else changed this order since you opened it").wait_for()
    visit.settle()


def _too_early(visit: Visit) -> None:
    visit.page.get_by_label("Name").fill("Too early")
    visit.page.get_by_label("Days after delivery").fill("3")
    visit.page.get_by_role("button", name="Save").click()
    visit.page.get_by_role("alert").wait_for()
    visit.settle()


def _shipments_from_file(visit: Visit) -> None:
    rows = b"name;sku;units;by\nAutumn;LAMP-01;600;sea\nAutumn;LAMP-02;400;sea\nRest;LAMP-01;few;air\n"
    visit.page.get_by_role("button", name="From a file").click()
    visit.page.get_by_label("File", exact=True).set_input_files(
        {"name": "s.csv", "mimeType": "text/csv", "buffer": rows}
    )
    visit.page.get_by_text("1 new shipment, 0 there already, 1 refused").wait_for()
    visit.settle()


def _without_name(visit: Visit) -> None:
    visit.page.get_by_label("Name").fill("")
    visit.page.get_by_role("button", name="Save").click()
    visit.page.get_by_role("alert").wait_for()
    visit.settle()


def _nothing_connected(fake: FakeQuayside) -> None:
    fake.connections, fake.orders, fake.positions = [], [], []


def _out_of_order(fake: FakeQuayside) -> None:
    fake.trouble["analytics"] = problem(
        503,
        "upstream_unavailable",
        "The figures cannot be read",
        "The store did not answer.",
        "Try again in a few minutes.",
    )


def _failed_connection(fake: FakeQuayside) -> None:
    fake.connections[0].update(
        status="revoked",
        status_reason="Amazon says the permission was withdrawn",
        status_action="Connect the account again if that was not meant.",
    )


def _troubled(kind: str) -> Callable[[FakeQuayside], None]:
    """Return a world in which a whole connection stands still."""

    def world(fake: FakeQuayside) -> None:
        connection = fake.connections[0]
        connection["trouble"] = fake_sync.trouble(kind, fake.now())
        if kind == "revoked":
            connection["status"] = "revoked"
        for health in connection["datasets"]:
            if kind == "revoked":
                health["state"] = "off"
            elif health["dataset"] == "orders":
                health.update(state="late", last_success_at=fake_data.instant(fake.now() - timedelta(minutes=41)))

    return world


def _sync_out_of_order(fake: FakeQuayside) -> None:
    fake.trouble[f"connections/{AMERICA}/sync"] = problem(
        503, "upstream_unavailable", "This cannot be read", "The store did not answer.", "Try again in a few minutes."
    )


def _no_reports(fake: FakeQuayside) -> None:
    fake.reports = []


def _no_exports(fake: FakeQuayside) -> None:
    fake.disclosures = {"disclosures": [], "next_cursor": None}


def _no_quarantine(fake: FakeQuayside) -> None:
    fake.quarantine = []
    fake.connections[1]["quarantined"] = 0


def _analyst(fake: FakeQuayside) -> None:
    fake.permissions_withheld = {"connections.manage"}


def _no_audit(fake: FakeQuayside) -> None:
    fake.permissions_withheld = {"audit.read"}


def _ask_to_switch_off(visit: Visit) -> None:
    visit.page.get_by_role("switch", name="Profit").click()
    visit.page.get_by_role("dialog").wait_for()


def _open_first(words: str) -> Callable[[Visit], None]:
    return lambda visit: visit.page.get_by_text(words).first.click()


def _open_card(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Sales").first.click()
    visit.page.get_by_role("dialog").wait_for()


def _open_residual(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Residual").first.click()
    visit.page.get_by_role("dialog").wait_for()


def _open_quote(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Change the quote of Hanse Keramik").click()
    visit.page.get_by_role("dialog").wait_for()
    visit.settle()


def _open_attributes(visit: Visit) -> None:
    """Have the attributes of a listing read, and add a bullet point."""
    visit.page.get_by_role("button", name="Edit texts and details").click()
    visit.page.get_by_role("button", name="Add another Bullet Point").click()
    visit.page.get_by_text("attributes need Seller Central").click()


def _tag_some(visit: Visit) -> None:
    """Select three products and open the dialog that puts them under a brand."""
    for box in visit.page.locator(".pick input").all()[:3]:
        box.check()
    visit.page.get_by_role("button", name="Brand of 3…").click()
    visit.page.get_by_label("Brand", exact=True).last.fill("Beacon")


def _choose_file(visit: Visit) -> None:
    visit.page.get_by_role("button", name="From a file…").first.click()
    file = {"name": "table.csv", "mimeType": "text/csv", "buffer": b"seller_sku"}
    visit.page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
    visit.page.get_by_text("Nothing is stored yet").wait_for()
    visit.settle()


def _attach_documents(visit: Visit) -> None:
    page_in_disguise = {"name": "packing list.pdf", "mimeType": "application/pdf", "buffer": b"<!doctype html><p>Hello"}
    invoice = {"name": "Invoice 77.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n1 0 obj\n%%EOF\n"}
    visit.page.get_by_label("Choose files").set_input_files([page_in_disguise, invoice])  # type: ignore[arg-type]
    visit.page.get_by_role("button", name="Save Invoice 77.pdf").wait_for()
    visit.page.get_by_text("holds HTML, SVG or other markup").wait_for()


def _open_disconnect(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Disconnect Tidewater America").click()
    visit.page.get_by_role("dialog").wait_for()


def _open_two_step(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Switch on").click()
    visit.page.get_by_role("dialog").wait_for()
    visit.settle()


def _order(state: str) -> Callable[[FakeQuayside], str]:
    return lambda fake: (
        "orders/"
        + next(order["order_id"] for order in fake.orders if order["total_state"] == state and len(order["lines"]) > 1)
    )


def _own_order(region: str) -> Callable[[FakeQuayside], str]:
    """Return the address of an order that the seller ships: of an account that switched that on, or did not."""
    return lambda fake: (
        "orders/"
        + next(
            order["order_id"]
            for order in fake.orders
            if (order["fulfilled_by"], order["connection_id"]) == ("MERCHANT", region)
            and order["status"] not in {"PENDING", "CANCELLED"}
        )
    )


def _show_address(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Show the address").click()
    visit.page.get_by_text("Harbour Lane").wait_for()


def _write_message(visit: Visit) -> None:
    """Choose a template of Amazon's and write what it forbids: the refusal stands beside the field."""
    card = visit.page.get_by_role("region", name="Messages to the buyer")
    ask = card.get_by_role("button", name="Ask Amazon what may be written")
    choice = card.get_by_label("Message", exact=True)
    ask.or_(choice).first.wait_for()
    if ask.is_visible():
        ask.click()
    choice.select_option("Tell of an unexpected problem")
    card.get_by_label("Message", exact=True).last.fill("Please leave a review")
    card.get_by_role("button", name="Send to the buyer").click()
    card.get_by_text("speaks of reviews").first.wait_for()


def _send_document(visit: Visit) -> None:
    """Choose a template that needs a file: one that is no PDF is refused beside the field, a real one goes out."""
    card = visit.page.get_by_role("region", name="Messages to the buyer")
    ask = card.get_by_role("button", name="Ask Amazon what may be written")
    choice = card.get_by_label("Message", exact=True)
    ask.or_(choice).first.wait_for()
    if ask.is_visible():
        ask.click()
    choice.select_option("Send a legal document")
    send = card.get_by_role("button", name="Send to the buyer")
    send.click()
    card.get_by_text("Choose a file").wait_for()
    field = card.get_by_label("File", exact=True)
    field.set_input_files({"name": "terms.pdf", "mimeType": "application/pdf", "buffer": b"MZ no document"})
    send.click()
    card.get_by_text("neither a PDF nor a JPEG nor a PNG").wait_for()
    field.set_input_files({"name": "terms.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 " + b"x" * 99_000})
    send.click()
    card.get_by_text("With a file of 100 kB").wait_for()


def _ask_to_switch_on(visit: Visit) -> None:
    visit.page.get_by_role("switch", name="Merchant fulfilment").click()
    visit.page.get_by_role("dialog").wait_for()


def _operator(fake: FakeQuayside) -> None:
    fake.operator = True


def _finish(visit: Visit) -> None:
    visit.page.get_by_role("heading", name="Connected", exact=True).wait_for(timeout=30_000)


CASES: Final = (
    Case("sign-in", "sign-in", signed_in=False, looks=ALL),
    Case("sign-in-code", "sign-in", _challenge("SOFTWARE_TOKEN_MFA"), _credentials, signed_in=False),
    Case("sign-in-set-up-code", "sign-in", _challenge("MFA_SETUP"), _credentials, signed_in=False),
    Case("sign-in-new-password", "sign-in", _challenge("NEW_PASSWORD_REQUIRED"), _credentials, signed_in=False),
    Case("sign-up", "sign-up", signed_in=False, looks=ALL),
    Case("sign-up-problems", "sign-up", act=_empty_sign_up, signed_in=False),
    Case("confirm", f"confirm?email={EMAIL}", signed_in=False, looks=ALL),
    Case("forgot-password", "forgot-password", signed_in=False, looks=ALL),
    Case("welcome", "welcome", looks=ALL),
    Case("connect", "connect", looks=ALL),
    Case(
        "callback",
        "connect/callback?state=state-{width}{theme}&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=c",
        act=_finish,
        looks=ALL,
    ),
    Case("callback-refused", "connect/callback?state=state-1&error=access_denied"),
    Case(
        "callback-forged",
        "connect/callback?state=forged&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=c",
        expects_errors=True,
    ),
    Case("overview", "", looks=ALL),
    Case("overview-dates", "?period=custom&from=2026-11-01&to=2026-11-14"),
    Case("profit", "profit", looks=ALL),
    Case("profit-by-week", "profit?by=week&marketplace_id=A1PA6795UKMFR9"),
    Case("profit-returns", "profit?view=returns"),
    Case("products", "products"),
    Case("product", "products/A1PA6795UKMFR9/MUG-SET-4", looks=ALL),
    Case("overview-one-marketplace", "?marketplace_id=A1PA6795UKMFR9"),
    Case("overview-today", "?period=today"),
    Case("overview-method", "?marketplace_id=A1PA6795UKMFR9&period=90d", act=_open_card),
    Case("overview-nothing-connected", "", _nothing_connected),
    Case("overview-out-of-order", "", _out_of_order, expects_errors=True),
    Case("overview-permission-withdrawn", "", _failed_connection),
    Case("orders", "orders", _short_lists, looks=ALL),
    Case("orders-search", "orders?search=lamp", _short_lists),
    Case("orders-nothing-found", "orders?search=zeppelin"),
    Case("order", _order("posted"), looks=ALL),
    Case("order-price-to-come", _order("waiting")),
    Case("order-own", _own_order(EUROPE), looks=ALL),
    Case("order-address-shown", _own_order(EUROPE), act=_show_address),
    Case("order-address-off", _own_order(AMERICA)),
    Case("order-not-found", "orders/000-0000000-0000000", expects_errors=True),
    Case("stock", "stock", _short_lists, looks=ALL),
    Case("stock-links", "stock?links=1", _short_lists),
    Case("stock-out", "stock?standing=out", _short_lists),
    Case("stock-product", _product, looks=ALL),
    Case("stock-product-none", "stock/product?seller_sku=none", expects_errors=True),
    Case("stock-own", "stock/own", looks=ALL),
    Case("stock-own-movements", "stock/own?location=garage&sku=LAMP-01"),
    Case("restock", "stock/restock", _short_lists, looks=ALL),
    Case("restock-nothing-connected", "stock/restock", _nothing_connected),
    Case("restock-card", lambda fake: _product(fake).replace("stock/", "stock/restock/"), looks=ALL),
    Case("restock-card-none", "stock/restock/product?seller_sku=none", expects_errors=True),
    Case("restock-settings", "stock/restock/settings", looks=ALL),
    Case("stock-empty", "stock", _nothing_connected),
    Case("catalog", "catalog", looks=ALL),
    Case("catalog-issues", "catalog/issues"),
    Case("catalog-brands", "catalog/brands", looks=ONE),
    Case("catalog-tagging", "catalog", act=_tag_some),
    Case("catalog-files", "catalog/files"),
    Case("catalog-file", f"catalog/files?connection_id={EUROPE}&file_id=done"),
    Case("catalog-listing", lambda fake: _product(fake).replace("stock/product", "catalog/listing") + "&edit=0"),
    Case(
        "catalog-attributes",
        lambda fake: _product(fake).replace("stock/product", "catalog/listing"),
        act=_open_attributes,
    ),
    Case("settlements", "settlements", looks=ALL),
    Case("settlements-none", f"settlements?connection_id={AMERICA}"),
    Case("settlement-reconciled", f"settlements/{EUROPE}/{fake_money.RECONCILED}"),
    Case("settlement-explained", f"settlements/{EUROPE}/{fake_money.EXPLAINED}", looks=ALL),
    Case("settlement-method", f"settlements/{EUROPE}/{fake_money.UNEXPLAINED}", act=_open_residual),
    Case("settlement-not-found", f"settlements/{EUROPE}/none", expects_errors=True),
    Case("costs", "costs", looks=ALL),
    Case("costs-file", "costs", act=_choose_file),
    Case("sourcing", "sourcing", looks=ALL),
    Case("leads-file", "sourcing", act=_choose_file, looks=ONE),
    Case("quotes-file", f"sourcing/{fake_sourcing.LEAD}", act=_choose_file, looks=ONE),
    Case("lead", f"sourcing/{fake_sourcing.LEAD}"),
    Case("lead-approved", f"sourcing/{fake_sourcing.PRODUCT}"),
    Case("lead-quote", f"sourcing/{fake_sourcing.LEAD}", act=_open_quote),
    Case("calculator", f"sourcing/{fake_sourcing.LEAD}/calculator", looks=ALL),
    Case("purchases", "purchases", looks=ALL),
    Case("purchase", "purchases/order-6", looks=ALL),
    Case("purchase-receive", "purchases/order-5", act=_receive_dialog),
    Case("purchase-take-back", "purchases/order-6", act=_taking_back),
    Case("purchase-new", "purchases/new?sku=LAMP-01&units=600", act=_lines_from_file),
    Case("purchase-amend", "purchases/order-1/edit", act=_both_versions, expects_errors=True),
    Case("purchase-version", "purchases/order-6/versions/2", looks=ONE),
    Case("purchase-payments", "purchases/payments", looks=ONE),
    Case("suppliers", "purchases/suppliers", looks=ONE),
    Case("supplier", "purchases/suppliers/supplier-0", looks=ONE),
    Case("purchase-settings", "purchases/settings"),
    Case("reviews", "reviews", looks=ALL),
    Case("reviews-paused", "reviews", _reviews_paused),
    Case("reviews-none", "reviews", _no_campaigns),
    Case("reviews-log", "reviews/log", _short_lists, looks=ALL),
    Case("review-campaign", "reviews/campaigns/campaign-2", act=_previewed, looks=ALL),
    Case("review-campaign-refused", "reviews/campaigns/new", act=_too_early, expects_errors=True),
    Case("pipeline", "pipeline", looks=ALL),
    Case("shipments", "shipments", looks=ALL),
    Case("shipments-file", "shipments", act=_shipments_from_file),
    Case("shipments-timeline", "shipments?view=timeline"),
    Case("shipment", "shipments/autumn", looks=ALL),
    Case("shipment-documents", "shipments/autumn", act=_attach_documents, expects_errors=True, looks=ONE),
    Case("shipment-change", "shipments/autumn?edit=1", act=_without_name),
    Case("messages", "messages", looks=ALL),
    Case("order-message", _own_order(EUROPE), act=_write_message, expects_errors=True, looks=ALL),
    Case("order-document", _own_order(EUROPE), act=_send_document, expects_errors=True, looks=SOME),
    Case("connections", "connections", looks=ALL),
    Case("connections-none", "connections", _nothing_connected),
    Case("connections-permission-withdrawn", "connections", _failed_connection),
    Case("connection", f"connections/{AMERICA}", looks=ALL),
    Case("connection-disconnect", f"connections/{AMERICA}", act=_open_disconnect),
    Case("sync", f"connections/{AMERICA}/sync", looks=ALL),
    Case("sync-in-order", f"connections/{EUROPE}/sync"),
    Case("sync-chosen", "sync"),
    Case("sync-none", "sync", _nothing_connected),
    Case("sync-out-of-order", f"connections/{AMERICA}/sync", _sync_out_of_order, expects_errors=True),
    Case("sync-not-found", "connections/none/sync", expects_errors=True),
    Case("sync-analyst", f"connections/{AMERICA}/sync", _analyst),
    Case("sync-switch-off", f"connections/{EUROPE}/sync", act=_ask_to_switch_off),
    Case("sync-switch-on", f"connections/{AMERICA}/sync", act=_ask_to_switch_on),
    Case("sync-revoked", f"connections/{EUROPE}/sync", _troubled("revoked"), looks=ALL),
    Case("sync-our-secret", f"connections/{EUROPE}/sync", _troubled("our_secret"), looks=ALL),
    Case("sync-outage", f"connections/{EUROPE}/sync", _troubled("outage"), looks=ALL),
    Case("sync-access", f"connections/{EUROPE}/sync", _troubled("access")),
    Case("connection-revoked", f"connections/{EUROPE}", _troubled("revoked")),
    Case("connection-our-secret", f"connections/{EUROPE}", _troubled("our_secret")),
    Case("connection-outage", f"connections/{EUROPE}", _troubled("outage")),
    Case("connections-outage", "connections", _troubled("outage")),
    Case("overview-revoked", "", _troubled("revoked")),
    Case("overview-our-secret", "", _troubled("our_secret")),
    Case("overview-outage", "", _troubled("outage")),
    Case("sync-runs", f"connections/{AMERICA}/sync?dataset=orders", act=_open_first("2 request ids"), looks=ALL),
    Case("sync-rows", f"connections/{AMERICA}/sync?dataset=listings&part=rows", looks=ALL),
    Case("sync-rows-none", f"connections/{AMERICA}/sync?dataset=catalog_items&part=rows"),
    Case("sync-dataset-reports", f"connections/{AMERICA}/sync?dataset=orders&part=reports"),
    Case("sync-dataset-quota", f"connections/{AMERICA}/sync?dataset=returns&part=quota"),
    Case("sync-failing-dataset", f"connections/{AMERICA}/sync?dataset=inventory"),
    Case("sync-reports", f"connections/{AMERICA}/sync?view=reports", act=_open_first("Proof and details"), looks=ALL),
    Case("sync-reports-none", f"connections/{AMERICA}/sync?view=reports", _no_reports),
    Case("sync-quarantine", f"connections/{AMERICA}/sync?view=quarantine"),
    Case("sync-quarantine-empty", f"connections/{AMERICA}/sync?view=quarantine", _no_quarantine),
    Case("settings", "settings", looks=ALL),
    Case("settings-two-step", "settings", act=_open_two_step),
    Case("settings-audit", "settings/audit", looks=ALL),
    Case("settings-audit-none", "settings/audit?area=me"),
    Case("settings-audit-not-allowed", "settings/audit", _no_audit),
    Case("data", "settings/data", _erasures, looks=ALL),
    Case("data-nothing-erased", "settings/data"),
    Case("data-close", "settings/data", act=_open_closing),
    Case("settings-exports", "settings/exports", looks=ALL),
    Case("settings-exports-none", "settings/exports", _no_exports),
    Case("trust", "trust", act=_open_first("Personal data of buyers"), looks=ALL),
    Case("trust-to-everybody", "trust", signed_in=False),
    Case("trust-sub-processors", "trust/sub-processors", signed_in=False, looks=ALL),
    Case("operations", "operations", _operator, looks=ALL),
    Case("operations-quarantine", "operations?view=quarantine", _operator),
    Case("operations-credentials", "operations?view=credentials", _operator, looks=ALL),
    Case("operations-abuse", "operations?view=abuse", _operator),
    Case("operations-abuse-case", "operations?view=abuse&case=4c0ffee4c0ffee4c", _operator, looks=ALL),
    Case("operations-failing", "operations?state=failing", _operator),
    Case("operations-nothing-waits", "operations?state=waiting&dataset=orders", _operator),
    Case("docs", "docs", looks=ALL),
    Case("docs-machine", "docs", act=_machine_drawn, signed_in=False, looks=ONE),
)


@pytest.mark.parametrize(("case", "theme", "width"), _cases())
def test_screen(case: Case, theme: str, width: int, fake: FakeQuayside, shared_visits: Visits) -> None:
    case.world(fake)
    visit = shared_visits.new(theme=theme, width=width, signed_in=case.signed_in)
    try:
        path = case.path if isinstance(case.path, str) else case.path(fake)
        page = visit.open(path.format(theme=theme, width=width))
        shift, weight = visit.shift, visit.bytes
        case.act(visit)
        visit.photograph(ARTEFACTS / f"{case.name}-{theme}-{width}.png")

        assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
        assert visit.blocked == []
        assert case.expects_errors or visit.errors == []
        assert shift == 0
        assert weight <= FIRST_LOAD_BYTES
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    finally:
        visit.page.close()


def test_every_screen_has_a_case() -> None:
    from web_app.app import SCREENS  # noqa: PLC0415 - the only test here that needs it

    names = {case.name for case in CASES}
    wanted = {
        "/": "overview",
        "/connect/callback": "callback",
        "/orders/{order_id}": "order",
        "/products/{marketplace_id}/{seller_sku}": "product",
        "/shipments/{shipment_id}": "shipment",
        "/connections/{connection_id}": "connection",
        "/connections/{connection_id}/sync": "sync-in-order",
        "/sync": "sync-chosen",
        "/catalog/issues": "catalog-issues",
        "/catalog/brands": "catalog-brands",
        "/catalog/listing": "catalog-listing",
        "/catalog/files": "catalog-files",
        "/stock/product": "stock-product",
        "/stock/own": "stock-own",
        "/settlements/{connection_id}/{settlement_id}": "settlement-explained",
        "/stock/restock": "restock",
        "/stock/restock/product": "restock-card",
        "/stock/restock/settings": "restock-settings",
        "/sourcing/{lead_id}": "lead",
        "/sourcing/{lead_id}/calculator": "calculator",
        "/purchases/new": "purchase-new",
        "/purchases/payments": "purchase-payments",
        "/purchases/suppliers": "suppliers",
        "/purchases/settings": "purchase-settings",
        "/purchases/suppliers/{supplier_id}": "supplier",
        "/purchases/{order_id}": "purchase",
        "/purchases/{order_id}/edit": "purchase-amend",
        "/purchases/{order_id}/versions/{number}": "purchase-version",
        "/reviews/log": "reviews-log",
        "/reviews/campaigns/{campaign_id}": "review-campaign",
        "/settings/audit": "settings-audit",
        "/settings/data": "data",
        "/settings/exports": "settings-exports",
        "/trust/sub-processors": "trust-sub-processors",
    }
    assert {wanted.get(path, path.strip("/")) for path in SCREENS} <= names

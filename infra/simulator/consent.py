"""Seller Central's consent page: who you are, what is asked, allow or refuse."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from infra.simulator.application import Application
from infra.simulator.lwa import LoginWithAmazon
from infra.simulator.marketplaces import MARKETPLACES, Marketplace, marketplaces_of_host
from infra.simulator.world import Seller, UnknownThingError, World

_ROLE_WORDS = {
    "Selling Partner Insights": "See your account and the marketplaces you sell in",
    "Inventory and Order Tracking": "Read orders and inventory",
    "Amazon Fulfillment": "Read stock in Amazon's warehouses",
    "Pricing": "Read prices and competing offers",
    "Finance and Accounting": "Read payments and fees",
    "Buyer Solicitation": "Ask buyers for reviews",
    "Buyer Communication": "Write to buyers by Amazon's templates",
    "Product Listing": "Read and change your listings",
    "Direct-to-Consumer Shipping (Restricted)": "Read buyers' names and addresses, to ship orders",
    "Tax Invoicing (Restricted)": "Read buyers' tax details, to issue invoices",
}


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, or a redirect. ``form_target`` is the origin to which its form may lead."""

    status: int
    html: str = ""
    location: str | None = None
    form_target: str | None = None


class Consent:
    """Shows and answers the consent page of the registered application."""

    def __init__(self, world: World, application: Application, lwa: LoginWithAmazon) -> None:
        self._world = world
        self._application = application
        self._lwa = lwa

    def show(self, host: str, query: Mapping[str, str]) -> Page:
        """Return the consent page for a Seller Central host and the query an application sent the seller with."""
        problem = self._problem(host, query)
        if problem is not None:
            return problem
        places = marketplaces_of_host(host)
        sellers = self._sellers(places)
        redirect = self._redirect(query) or ""
        rows = "".join(_seller_row(number, seller) for number, seller in enumerate(sellers))
        roles = "".join(f"<li>{escape(_ROLE_WORDS.get(role, role))}</li>" for role in self._application.roles)
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in query.items()
        )
        where = ", ".join(place.name for place in places)
        chooser = (
            f"<fieldset><legend>You are signed in as</legend>{rows}</fieldset>"
            if rows
            else f'<p class="notice">No simulated seller sells on {escape(where)}. '
            'Create one on the <a href="/">simulator\'s page</a>, then reload this page.</p>'
        )
        disabled = "" if rows else " disabled"
        body = f"""
<main class="consent">
  <p class="eyebrow">{escape(host)} · simulated</p>
  <h1>Authorise {escape(self._application.name)}</h1>
  <p>{escape(self._application.name)} asks for access to your selling account on {escape(where)}.</p>
  <form method="post">
    {fields}
    {chooser}
    <section aria-labelledby="asked"><h2 id="asked">It will be able to</h2><ul class="roles">{roles}</ul></section>
    <p class="small">You can withdraw this at any time on the simulator's page. Nothing here reaches Amazon.</p>
    <div class="actions">
      <button class="primary" name="decision" value="allow" type="submit"{disabled}>Allow access</button>
      <button name="decision" value="refuse" type="submit">Do not allow</button>
    </div>
  </form>
</main>"""
        parts = urlsplit(redirect)
        return Page(
            200, document(f"Authorise {self._application.name}", body), form_target=f"{parts.scheme}://{parts.netloc}"
        )

    def decide(self, host: str, form: Mapping[str, str]) -> Page:
        """Redirect back to the application with a code, or with the refusal."""
        problem = self._problem(host, form)
        if problem is not None:
            return problem
        redirect = self._redirect(form) or ""
        state = form.get("state", "")
        if form.get("decision") != "allow":
            return Page(302, location=_with_query(redirect, {"error": "access_denied", "state": state}))
        try:
            seller = self._world.seller(form.get("selling_partner_id", ""))
        except UnknownThingError:
            return self._error(400, "SPDC8143", "Choose the selling account that you are signed in as.")
        if seller not in self._sellers(marketplaces_of_host(host)):
            return self._error(403, "SPDC8143", f"This account does not sell where {host} is the Seller Central.")
        code = self._lwa.issue_code(seller, redirect)
        answer = {"state": state, "selling_partner_id": seller.selling_partner_id, "spapi_oauth_code": code}
        return Page(302, location=_with_query(redirect, answer))

    def _sellers(self, places: tuple[Marketplace, ...]) -> list[Seller]:
        ids = {place.marketplace_id for place in places}
        return [each for each in self._world.sellers.values() if ids & set(each.marketplaces)]

    def _redirect(self, query: Mapping[str, str]) -> str | None:
        wanted = query.get("redirect_uri")
        registered = self._application.redirect_uris
        if not wanted:
            return registered[0] if registered else None
        return wanted if wanted in registered else None

    def _problem(self, host: str, query: Mapping[str, str]) -> Page | None:  # noqa: PLR0911  one answer per Amazon code
        if not marketplaces_of_host(host):
            return self._error(404, "SPSA0404", f"{host} is not a Seller Central host.")
        if query.get("application_id") != self._application.application_id:
            return self._error(400, "MD9100", "No application is registered with this application_id.")
        if not query.get("state"):
            return self._error(400, "MD9010", "The application sent no state.")
        if self._application.stage == "draft" and query.get("version") != "beta":
            return self._error(400, "MD1000", "The application is a draft: it must send version=beta.")
        if "#" in (query.get("redirect_uri") or ""):
            return self._error(400, "MD5110", "A redirect URI must not contain a fragment (#).")
        if self._redirect(query) is None:
            return self._error(
                400,
                "MD5101",
                "The redirect_uri is not one of those registered on the application, or none is registered.",
            )
        return None

    def _error(self, status: int, code: str, words: str) -> Page:
        body = f"""
<main class="consent">
  <p class="eyebrow">Seller Central · simulated</p>
  <h1>We cannot authorise this application</h1>
  <p class="notice"><strong>{escape(code)}</strong> {escape(words)}</p>
  <p class="small">Redirect URIs, stage and roles are set with PUT /control/application of the
    <a href="/">simulator</a>.</p>
</main>"""
        return Page(status, document(code, body))


def _seller_row(number: int, seller: Seller) -> str:
    places = ", ".join(MARKETPLACES[each].country_code for each in seller.marketplaces)
    checked = " checked" if number == 0 else ""
    partner = escape(seller.selling_partner_id)
    return (
        f'<label class="choice"><input type="radio" name="selling_partner_id" value="{partner}"{checked}>'
        f"<span><strong>{escape(seller.name)}</strong><br><small>{partner} · {escape(places)}</small></span></label>"
    )


def _with_query(uri: str, values: Mapping[str, str]) -> str:
    return uri + ("&" if urlsplit(uri).query else "?") + urlencode(values)


def document(title: str, body: str, script: str = "") -> str:
    """Return a whole HTML page in the simulator's skin."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Amazon simulator</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/simulator.css">
{script}
</head>
<body>{body}
</body>
</html>
"""

"""Serves the single-page application: every screen's address gives the page, and its files come by content hash.

The function holds no data rights and imports no AWS library, so that it starts in a fraction of the time of the others.
The page finds its files and the API relative to a `<base>` that is computed per request: the same build works below a
stage path (`/prod/orders`), on a custom domain (`/orders`) and on one machine.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chalice.app import Chalice, Response

from web_app.assets import imported_modules, read_assets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice.app import Request

type Headers = dict[str, str | list[str]]

SCREENS: Final[Mapping[str, str]] = {
    "/": "screens/overview.js",
    "/sign-in": "screens/sign_in.js",
    "/sign-up": "screens/sign_up.js",
    "/confirm": "screens/sign_up.js",
    "/forgot-password": "screens/forgot_password.js",
    "/welcome": "screens/welcome.js",
    "/connect": "screens/connect.js",
    "/connect/callback": "screens/connect.js",
    "/orders": "screens/orders.js",
    "/orders/{order_id}": "screens/order.js",
    "/products": "screens/products.js",
    "/products/{marketplace_id}/{seller_sku}": "screens/product.js",
    "/catalog": "screens/catalog.js",
    "/catalog/issues": "screens/catalog_issues.js",
    "/catalog/brands": "screens/catalog_brands.js",
    "/catalog/listing": "screens/catalog_listing.js",
    "/catalog/files": "screens/catalog_files.js",
    "/profit": "screens/profit.js",
    "/stock": "screens/stock.js",
    "/stock/product": "screens/stock_product.js",
    "/stock/own": "screens/stock_own.js",
    "/purchases": "screens/purchases.js",
    "/purchases/new": "screens/purchase_edit.js",
    "/purchases/payments": "screens/purchase_payments.js",
    "/purchases/suppliers": "screens/suppliers.js",
    "/purchases/suppliers/{supplier_id}": "screens/suppliers.js",
    "/purchases/settings": "screens/purchase_settings.js",
    "/purchases/{order_id}": "screens/purchase.js",
    "/purchases/{order_id}/edit": "screens/purchase_edit.js",
    "/purchases/{order_id}/versions/{number}": "screens/purchase.js",
    "/settlements": "screens/settlements.js",
    "/settlements/{connection_id}/{settlement_id}": "screens/settlement.js",
    "/costs": "screens/costs.js",
    "/stock/restock": "screens/restock.js",
    "/stock/restock/product": "screens/restock_product.js",
    "/stock/restock/settings": "screens/restock_settings.js",
    "/sourcing": "screens/sourcing.js",
    "/sourcing/{lead_id}": "screens/lead.js",
    "/sourcing/{lead_id}/calculator": "screens/lead_calculator.js",
    "/reviews": "screens/reviews.js",
    "/reviews/log": "screens/reviews_log.js",
    "/messages": "screens/messages.js",
    "/reviews/campaigns/{campaign_id}": "screens/review_campaign.js",
    "/pipeline": "screens/pipeline.js",
    "/shipments": "screens/shipments.js",
    "/shipments/{shipment_id}": "screens/shipment.js",
    "/connections": "screens/connections.js",
    "/connections/{connection_id}": "screens/connection.js",
    "/sync": "screens/sync.js",
    "/connections/{connection_id}/sync": "screens/sync.js",
    "/settings/data": "screens/data.js",
    "/settings": "screens/settings.js",
    "/settings/audit": "screens/audit.js",
    "/settings/exports": "screens/export_log.js",
    "/trust": "screens/trust.js",
    "/trust/sub-processors": "screens/trust.js",
    "/operations": "screens/operations.js",
    "/docs": "screens/docs.js",
}
"""Every screen's address, variables in braces, and the module that draws it (preloaded with the page)."""

ASSET_PATHS: Final = ("/assets/{version}/{name}", "/assets/{version}/{name}/{file}")

ELSEWHERE: Final = "/{proxy+}"
"""API Gateway's resource path of every address that no other has: the screens', and those where there is nothing.

An API has 300 resources unless AWS grants more; the screens take one together. Source: Amazon API Gateway quotas.
"""

ROUTES: Final = ("/", *ASSET_PATHS, ELSEWHERE)
"""Every resource path of this function; all are GET and public. The OpenAPI document is generated from it."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {connect}; "
    "font-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # The callback address carries Amazon's one-time code: no page of ours ever names its address to another site.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# A host that is a number, of either version of the internet protocol.
_IS_NUMBER: Final = re.compile(r"\d+\.\d+\.\d+\.\d+(:|/|$)|\[")

# A page that changes with each release is asked for each time; what its version names never changes.
_PAGE_CACHE: Final = "no-cache"
_ASSET_CACHE: Final = "public, max-age=31536000, immutable"

_ASSETS: Final = read_assets(Path(__file__).parent / "static")

app = Chalice(app_name="web_app", configure_logs=False)


def uploads_address(environ: Mapping[str, str]) -> str:
    """Return where the page may send files besides its own origin: the address of the bucket that uploads arrive in.

    Args:
        environ: ``UPLOADS_DOMAIN`` is the bucket's own host name. ``AWS_ENDPOINT_URL_S3`` and ``AWS_ENDPOINT_URL`` say
            where S3 is if not at AWS, and mean what they mean to AWS's SDKs, one of which signs what is sent: the
            bucket goes before a host's name and behind a host's number. Source: AWS SDKs and Tools reference guide,
            "Service-specific endpoints".
    """
    domain = environ.get("UPLOADS_DOMAIN", "")
    endpoint = (environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or "").rstrip("/")
    if not domain or not endpoint:
        return f"https://{domain}" if domain else ""
    bucket = domain.partition(".")[0]
    scheme, _, host = endpoint.partition("://")
    return f"{endpoint}/{bucket}" if _IS_NUMBER.match(host) else f"{scheme}://{bucket}.{host}"


@cache
def security_headers() -> Mapping[str, str]:
    """Return what every answer carries."""
    connect = " ".join(filter(None, ("'self'", uploads_address(os.environ))))
    return {"Content-Security-Policy": CONTENT_SECURITY_POLICY.format(connect=connect), **SECURITY_HEADERS}


# A SKU may hold slashes, and API Gateway does not say which of them the browser had encoded. A path without variables
# goes before one that could swallow it, as in API Gateway.
_PATTERNS: Final = tuple(
    (screen, re.compile(re.sub(r"\{\w+\}", "[^/]+", screen.replace("{seller_sku}", ".+"))))
    for screen in sorted(SCREENS, key=lambda screen: screen.count("{"))
)


def screen_of(address: str) -> str | None:
    """Return the screen at an address below the root (`/orders/304-1`), a key of `SCREENS`; None when there is none."""
    return next((screen for screen, pattern in _PATTERNS if pattern.fullmatch(address)), None)


def page(resource_path: str, base: str) -> str:
    """Return the page for one screen, or for an address that is none: the app itself says so, with a way back.

    Args:
        resource_path: a key of `SCREENS`, or `ELSEWHERE`.
        base: the relative address of the application's root, seen from the requested address (`./`, `../`).
    """
    prefix = f"assets/{_ASSETS.version}/"
    entries = ("app/main.js", *((SCREENS[resource_path],) if resource_path in SCREENS else ()))
    modules = imported_modules(_ASSETS.files, *entries)
    preload = "\n".join(f'<link rel="modulepreload" href="{prefix}{module}">' for module in modules)
    return _ASSETS.page.replace("{{base}}", base).replace("{{assets}}", prefix).replace("{{preload}}", preload)


def base_of(resource_path: str, requested_path: str) -> str:
    """Return the relative address of the application's root, seen from the requested address.

    Args:
        resource_path: the declared path (`/orders/{order_id}`).
        requested_path: the path the browser asked for, with its stage (`/prod/orders/123`); a trailing slash counts as
            one level more.
    """
    depth = resource_path.count("/") - 1
    if resource_path != "/" and requested_path.endswith("/"):
        depth += 1
    return "../" * depth or "./"


def show_start() -> Response:
    """Answer with the first screen; a stage without its closing slash sends the browser to the address with it."""
    requested_path: str = _request().context.get("path") or "/"
    if not requested_path.endswith("/"):
        stage = requested_path.rpartition("/")[2]
        elsewhere: Headers = {**security_headers(), "Location": f"{stage}/", "Cache-Control": _PAGE_CACHE}
        return Response("", elsewhere, 308)
    return _shown("/", requested_path)


def show_screen() -> Response:
    """Answer with the page of the screen at an address, or with 404 where there is none."""
    request = _request()
    address = "/" + (request.uri_params or {}).get("proxy", "").strip("/")
    screen = screen_of(address)
    return _nothing(address) if screen is None else _shown(screen, request.context.get("path") or address)


def _shown(screen: str, requested_path: str) -> Response:
    headers: Headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": _PAGE_CACHE}
    return _answer(page(screen, base_of(screen, requested_path)), headers, f'"{_ASSETS.version}"')


def show_asset(version: str, name: str, file: str = "") -> Response:
    """Answer with one file of the current version, or 404; another version's files are gone, never mixed with these."""
    asset = _ASSETS.files.get(f"{name}/{file}" if file else name)
    if asset is None or version != _ASSETS.version:
        headers: Headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
        headers.update(security_headers())
        return Response("No such file in this version of Quayside. Reload the page.", headers, 404)
    return _answer(asset.text, {"Content-Type": asset.content_type, "Cache-Control": _ASSET_CACHE}, asset.etag)


def _nothing(address: str) -> Response:
    """Answer 404 to an address that is none: a browser gets the page, which says so, everybody else problem+json."""
    request = _request()
    if "text/html" in request.headers.get("accept", ""):
        base = base_of(address, request.context.get("path") or address)
        headers: Headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            **security_headers(),
        }
        return Response(page(ELSEWHERE, base), headers, 404)
    problem = {
        "type": "urn:quayside:problem:no_such_address",
        "title": "Not Found",
        "status": 404,
        "code": "no_such_address",
        "detail": "There is nothing at this address.",
        "action": "Check the address.",
        "request_id": str(request.context.get("requestId") or ""),
    }
    return Response(json.dumps(problem), _nothing_headers("application/problem+json"), 404)


def _nothing_headers(content_type: str) -> Headers:
    return {"Content-Type": content_type, "Cache-Control": "no-store", **security_headers()}


def _request() -> Request:
    request = app.current_request
    if request is None:
        raise RuntimeError("Views are called by Chalice alone, which sets the request first.")
    return request


def _answer(body: str, headers: Headers, etag: str) -> Response:
    request_headers = _request().headers
    headers = {**headers, **security_headers(), "ETag": etag}
    known = {tag.strip().removeprefix("W/") for tag in request_headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response("", headers, 304)
    return Response(body, headers, 200)


app.route("/", methods=["GET"])(show_start)
for _path in ASSET_PATHS:
    app.route(_path, methods=["GET"])(show_asset)
app.route(ELSEWHERE, methods=["GET"])(show_screen)
# Chalice would ask API Gateway for a parameter named "proxy+"; its name is "proxy", and the view looks for itself.
app.routes[ELSEWHERE]["GET"].view_args = []

handler = app

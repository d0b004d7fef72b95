from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.settings import load_settings
from quayside.storage.connection import AwsSession
from tests.support.web_app import current_version, get, get_asset, get_at
from web_app import app as web_app

if TYPE_CHECKING:
    from tests.support.web_app import Answer

PAGE_ADDRESSES = (
    ("", "/", "./"),
    ("/prod", "/", "./"),
    ("", "/orders", "./"),
    ("/prod", "/orders", "./"),
    ("/prod", "/orders/", "../"),
    ("", "/orders/304-1", "../"),
    ("/prod", "/orders/304-1", "../"),
    ("/some/base/prod", "/connect/callback", "../"),
    ("/prod", "/connections/abc/", "../../"),
)


@pytest.mark.parametrize(("stage", "address", "base"), PAGE_ADDRESSES)
def test_the_base_leads_from_every_address_to_the_root(stage: str, address: str, base: str) -> None:
    answer = get_at(address, stage)
    assert answer.status == 200
    assert f'<base href="{base}">' in answer.body
    assert urljoin(f"https://example.test{stage}{address}", base) == f"https://example.test{stage}/"


SCREENS_AT = {
    "/": "/",
    "/orders": "/orders",
    "/orders/304-1": "/orders/{order_id}",
    "/orders/304-1/x": None,
    "/purchases/new": "/purchases/new",
    "/purchases/PO-1": "/purchases/{order_id}",
    "/purchases/PO-1/versions/2": "/purchases/{order_id}/versions/{number}",
    "/purchases/suppliers": "/purchases/suppliers",
    "/products/A1/LAMP": "/products/{marketplace_id}/{seller_sku}",
    "/products/A1/LAMP%2F2": "/products/{marketplace_id}/{seller_sku}",
    "/products/A1/LAMP/2": "/products/{marketplace_id}/{seller_sku}",
    "/products/A1": None,
    "/Orders": None,
    "/orders//": None,
    "/api/v1/nothing": None,
    "/assets/x": None,
}


@pytest.mark.parametrize(("address", "screen"), SCREENS_AT.items())
def test_an_address_is_that_of_one_screen_or_of_none(address: str, screen: str | None) -> None:
    assert web_app.screen_of(address) == screen


def test_a_slash_in_a_sku_does_not_lead_the_page_astray() -> None:
    # The browser had it encoded, so for the browser it is one step; API Gateway hands it over either way.
    for told in ("/products/A1/LAMP%2F2", "/products/A1/LAMP/2"):
        answer = get_at(told, "/prod")
        assert (answer.status, '<base href="../../">' in answer.body) == (200, True)


@given(st.lists(st.text("abcdefghij-", min_size=1, max_size=8), max_size=4), st.sampled_from(sorted(web_app.SCREENS)))
def test_the_base_is_right_below_any_stage(stage: list[str], resource: str) -> None:
    prefix = "".join(f"/{part}" for part in stage)
    path = prefix + re.sub(r"\{\w+\}", "x", resource)
    assert urljoin(f"https://example.test{path}", web_app.base_of(resource, path)) == f"https://example.test{prefix}/"


def test_a_stage_without_its_slash_redirects() -> None:
    answer = get("/", "/prod")
    assert (answer.status, answer.headers["location"]) == (308, "prod/")


@pytest.mark.parametrize("resource", sorted(web_app.SCREENS))
def test_every_screen_preloads_what_it_needs_at_once(resource: str) -> None:
    answer = get_at(re.sub(r"\{\w+\}", "1", resource))
    preloaded = re.findall(r'modulepreload" href="assets/[0-9a-f]{16}/([^"]+)"', answer.body)
    assert preloaded[0] == "app/main.js"
    assert web_app.SCREENS[resource] in preloaded
    assert "vendor/preact.js" in preloaded
    assert len(preloaded) == len(set(preloaded))
    for name in preloaded:
        assert get_asset(name).status == 200
    # What only a chart or a QR code needs waits until one is shown.
    assert not {"vendor/uplot.js", "vendor/uqr.js"} & set(preloaded)


def test_no_placeholder_is_left_on_the_page() -> None:
    assert "{{" not in get("/").body


@pytest.mark.parametrize(
    "name", ["app/main.js", "styles/tokens.css", "icon.svg", "vendor/inter.woff2.txt", "vendor/MANIFEST.json"]
)
def test_an_asset_is_kept_for_good_and_answers_304_to_who_has_it(name: str) -> None:
    answer = get_asset(name)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    known = get_asset(name, headers={"if-none-match": f'"other", W/{answer.headers["etag"]}'})
    assert (known.status, known.body) == (304, "")
    assert known.headers["etag"] == answer.headers["etag"]
    assert get_asset(name, headers={"if-none-match": '"other"'}).status == 200


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("app/main.js", "text/javascript; charset=utf-8"),
        ("styles/base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
        ("vendor/MANIFEST.json", "application/json"),
        ("vendor/inter.woff2.txt", "text/plain; charset=utf-8"),
    ],
)
def test_an_asset_says_what_it_is(name: str, content_type: str) -> None:
    assert get_asset(name).headers["content-type"] == content_type


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "../app.py",
        "app/../../app.py",
        "..%2fapp.py",
        "index.html",
        "/etc/passwd",
        "",
        ".",
        "vendor",
    ],
)
def test_nothing_but_the_listed_files_is_served(name: str) -> None:
    answer = get_asset(name)
    assert answer.status == 404
    assert "import" not in answer.body
    assert answer.headers["cache-control"] == "no-store"


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_breaks_it(name: str, file: str) -> None:
    version = current_version()
    answer = get(web_app.ASSET_PATHS[1], parameters={"version": version, "name": name, "file": file})
    assert answer.status in {200, 404}


def test_another_version_is_gone() -> None:
    assert get_asset("app/main.js", version="0123456789abcdef").status == 404


def test_the_page_is_asked_for_each_time_and_known_by_its_version() -> None:
    answer = get("/")
    assert answer.headers["cache-control"] == "no-cache"
    assert get("/", headers={"if-none-match": answer.headers["etag"]}).status == 304


@pytest.mark.parametrize("answer", [get("/"), get("/", "/prod"), get_asset("app/main.js"), get_asset("nothing.js")])
def test_every_answer_carries_the_security_headers(answer: Answer) -> None:
    headers = answer.headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-east-1", ""),
        ("eu-central-1", ""),
        ("cn-north-1", ""),
        ("us-east-1", "http://127.0.0.1:4566"),
        ("us-east-1", "http://localhost:4566"),
        ("eu-central-1", "https://s3.example/"),
    ],
)
def test_the_page_may_send_files_to_where_forms_are_signed_for_and_nowhere_else(
    region: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    settings = load_settings({"AWS_REGION": region, "UPLOADS_BUCKET": "uploads-1a2b"})
    client = AwsSession(settings, Credentials("id", "not-a-secret")).client("s3")
    signed_for = client.generate_presigned_post("uploads-1a2b", "key")["url"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    domain = f"uploads-1a2b.s3.{region}.{suffix}"
    assert web_app.uploads_address({**environ, "UPLOADS_DOMAIN": domain}) == signed_for.rstrip("/")
    assert web_app.uploads_address(environ) == ""


def test_routes_are_the_start_the_assets_and_all_else() -> None:
    assert set(web_app.app.routes) == set(web_app.ROUTES)
    assert all(set(methods) == {"GET"} for methods in web_app.app.routes.values())


def test_the_function_starts_without_any_aws_library() -> None:
    program = "import json, sys, web_app.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "chalice" in loaded
    assert not loaded & {"boto3", "botocore", "quayside", "aws_lambda_powertools", "pynamodb", "msgspec"}


@pytest.mark.parametrize(
    ("stage", "address", "base"), [("/prod", "nowhere", "./"), ("", "a/b/c", "../../"), ("/prod", "a/b/", "../../")]
)
def test_a_browser_at_an_address_that_is_none_gets_the_app_which_says_so(stage: str, address: str, base: str) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = get_at(f"/{address}", stage, headers=browser)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f'<base href="{base}">' in answer.body
    assert "app/main.js" in answer.body
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == get("/").headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_everybody_else_at_an_address_that_is_none_gets_a_problem(accept: str) -> None:
    address = "api/v1/nothing"
    answer = get_at(f"/{address}", "/prod", headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert json.loads(answer.body)["code"] == "no_such_address"

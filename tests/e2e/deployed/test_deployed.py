"""What holds of the deployed stack as such: no route takes a token nobody vouches for, and a link gives the file."""

from __future__ import annotations

import base64
import io
import json
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.local.people import CONFIRMATION_CODE
from seller_api.app import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack

_EMAIL: Final = "tove@plover.example"
_PASSWORD: Final = "Long-pier-at-dawn-7"
_PATIENCE_SECONDS: Final = 60.0


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """A client that nobody is signed in with, of an installation with one member."""
    with httpx.Client(base_url=stack.urls.api, timeout=30) as client:
        body = {"email": _EMAIL, "password": _PASSWORD, "name": "Tove", "organisation": "Plover Books"}
        assert client.post("auth/sign-up", json=body).status_code == 201
        assert client.post("auth/confirm", json={"email": _EMAIL, "code": CONFIRMATION_CODE}).status_code == 204
        yield client


def _signed_in(api: httpx.Client) -> str:
    answer = api.post("auth/sign-in", json={"email": _EMAIL, "password": _PASSWORD})
    return str(answer.json()["id_token"])


def _part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _token(head: dict[str, Any], claims: dict[str, Any], key: rsa.RSAPrivateKey | None) -> str:
    """Return a token; without a key one that nobody signed."""

    def packed(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    said = f"{packed(json.dumps(head).encode())}.{packed(json.dumps(claims).encode())}"
    return f"{said}.{packed(key.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256())) if key else ''}"


def _forged(good: str) -> dict[str, str]:
    """Return tokens that say what a good one says, and that nobody vouches for."""
    first, second, signature = good.split(".")
    head, claims = _part(first), _part(second)
    stranger = rsa.generate_private_key(65537, 2048)
    other = {**claims, "custom:tenant_id": "0" * 26}
    return {
        "no token": "",
        "an unsigned token": f"Bearer {_token({**head, 'alg': 'none'}, claims, None)}",
        "a token of a stranger's key": f"Bearer {_token(head, claims, stranger)}",
        "another tenant under the signature": f"Bearer {_token(head, other, None)}{signature}",
        "an expired token of a stranger's": f"Bearer {_token(head, {**claims, 'exp': 1}, stranger)}",
    }


def test_no_route_takes_a_token_that_nobody_vouches_for(stack: Stack, api: httpx.Client) -> None:
    """The gateway itself refuses: what it lets through is believed by the function, which has no other means."""
    good = _signed_in(api)
    forged = _forged(good)
    _, routes = build()
    asked = [route for route in routes if route.permission != "public"]

    def tried(route: Any) -> list[str]:
        path = re.sub(r"\{\w+\}", "x", route.path).lstrip("/")
        with httpx.Client(base_url=stack.urls.api, timeout=30) as client:
            found = {
                name: client.request(route.method, path, headers={"Authorization": token} if token else {}, json={})
                for name, token in forged.items()
            }
        return [f"{route.method} {path}: {name} -> {each.status_code}" for name, each in found.items()
                if each.status_code != 401]  # fmt: skip

    assert api.get("me", headers={"Authorization": f"Bearer {good}"}).status_code == 200
    with ThreadPoolExecutor(4) as pool:
        taken = [line for lines in pool.map(tried, asked) for line in lines]
    assert taken == []


def test_a_link_gives_whoever_has_it_the_export(api: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {_signed_in(api)}"}
    export_id = api.post("data/exports", json={}, headers=headers).json()["export_id"]
    until = time.monotonic() + _PATIENCE_SECONDS
    while (state := api.get("data", headers=headers).json()["exports"][0]["state"]) != "ready":
        assert state in {"waiting", "running"}
        assert time.monotonic() < until, "the export was not made"
        time.sleep(0.3)
    address = api.post(f"data/exports/{export_id}/link", headers=headers).json()["url"]

    file = httpx.get(address, timeout=30)

    assert (file.status_code, file.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["export_id"] == export_id
    assert httpx.get(address.replace("X-Amz-Signature=", "X-Amz-Signature=0"), timeout=30).status_code == 403
    log = api.get("data/disclosures", headers=headers).json()["disclosures"]
    # Both may fall into the same second.
    assert sorted(each["what"] for each in log) == ["export_made", "export_opened"]


def test_promises_are_shown_to_everybody(api: httpx.Client) -> None:
    told = api.get("promises").json()
    assert len(told["promises"]) == told["proved"] + told["not_proved"] + told["open"]
    assert api.get("subprocessors").json()["region"]

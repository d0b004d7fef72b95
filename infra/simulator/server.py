"""The simulator as a server: Login with Amazon, three regions, consent, the control API and the page on one port.

Also usable in process: ``Simulator(...).start()`` serves on a free port from a thread.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as WebRequest
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.simulator import application as registration
from infra.simulator import console
from infra.simulator import faults as trouble
from infra.simulator.answers import Answer, Request
from infra.simulator.clock import SimulatorClock
from infra.simulator.consent import Consent, Page
from infra.simulator.control import Control, ControlError
from infra.simulator.event_bus import EventBridgeDelivery
from infra.simulator.faults import Faults
from infra.simulator.feeds import Feeds
from infra.simulator.importing import ImportRefusedError, import_request
from infra.simulator.lwa import LoginWithAmazon
from infra.simulator.marketplaces import REGIONS
from infra.simulator.notifications import Deliver, Notifications, one_at_a_time
from infra.simulator.quotas import Quotas
from infra.simulator.reports import documents
from infra.simulator.reports.engine import Reports
from infra.simulator.sp_api.gateway import Gateway
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sqs import SqsDelivery
from infra.simulator.storage import Storage
from infra.simulator.world import World

_log = logging.getLogger(__name__)
COMMIT_SECONDS = 5.0
_DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_TICK_SECONDS = 0.25


class Simulator:
    """A whole simulated Amazon.

    Args:
        clock: its time; None means real time (continued from the saved world, never going back).
        seed: chooses everything left to chance in a new world.
        deliver: puts a notification on a queue: ``deliver(arn, body)``; None sends to Amazon SQS (AWS_ENDPOINT_URL).
        deliver_many: the same for many messages of one queue at once, returning None or an error text for each.
        deliver_event: puts a notification onto an event bus: ``deliver_event(arn, body)``, where ``arn`` is that of the
            bus that the destination's owner has at Amazon; None puts events to Amazon EventBridge (AWS_ENDPOINT_URL).
        deliver_events: the same for many at once, as ``deliver_many``.
        state: the directory in which the world lives; None keeps it in memory.
        host: the address to listen on.
        port: the port to listen on; 0 chooses a free one.
    """

    def __init__(  # noqa: PLR0913  a simulator has this many choices
        self,
        *,
        clock: SimulatorClock | None = None,
        seed: int = 1,
        deliver: Callable[[str, str], object] | None = None,
        deliver_many: Deliver | None = None,
        deliver_event: Callable[[str, str], object] | None = None,
        deliver_events: Deliver | None = None,
        state: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        storage = Storage(state)
        saved = (storage.note("world") or {}).get("time")
        if clock is None:
            clock = SimulatorClock()
            if saved is not None:
                clock.move_to(saved)
        elif saved is not None:
            clock.move_to(saved)
        self.clock = clock
        self.host, self.port = host, port
        self.faults = Faults(seed)
        self.quotas = Quotas()
        self._restore(storage)
        self.application = registration.load(storage)
        self.world = World(storage, clock, seed=seed)
        if deliver_many is None:
            deliver_many = SqsDelivery() if deliver is None else one_at_a_time(deliver)
        if deliver_events is None:
            deliver_events = EventBridgeDelivery() if deliver_event is None else one_at_a_time(deliver_event)
        self.notifications = Notifications(self.world, self.application, self.faults, deliver_many, deliver_events)
        self.world.observe = self.notifications.observe
        self.lwa = LoginWithAmazon(self.world, storage, self.application, self.faults)
        self.consent = Consent(self.world, self.application, self.lwa)
        key = storage.note("page_key")
        if key is None:
            key = secrets.token_hex(32)
            storage.write_note("page_key", key)
        self.reports = Reports(self.world, self.faults, bytes.fromhex(key))
        self.feeds = Feeds(self.world, bytes.fromhex(key))
        self.gateway = Gateway(
            self.world,
            self.application,
            self.lwa,
            self.quotas,
            self.faults,
            self.notifications,
            PageTokens(bytes.fromhex(key)),
            self.reports,
            self.feeds,
        )
        self.control = Control(self)
        self.app = _application(self)
        self.save()
        self._server: uvicorn.Server | None = None
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    # ------------------------------------------------------------------ running

    @property
    def url(self) -> str:
        """Where the simulator answers, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Serve from a thread until ``stop``; returns when the port answers."""
        config = uvicorn.Config(self.app, host=self.host, port=self.port, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        socket = config.bind_socket()
        self.port = socket.getsockname()[1]
        serving = threading.Thread(target=self._server.run, args=([socket],), name="simulator-server", daemon=True)
        serving.start()
        self._threads.append(serving)
        self.start_ticking()
        while not self._server.started and serving.is_alive():
            self._stopping.wait(0.01)
        return self

    def start_ticking(self) -> None:
        """Let time pass, deliver and save from a thread, without serving."""
        ticking = threading.Thread(target=self._tick, name="simulator-time", daemon=True)
        ticking.start()
        self._threads.append(ticking)

    def stop(self) -> None:
        """Stop serving, save and close."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = True
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()
        with self.world.lock:
            self.save()
            self.world.storage.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def advance(self, seconds: float) -> int:
        """Advance the clock, let the world happen, deliver what is due; returns the number of deliveries."""
        self.clock.advance(seconds)
        self._step()
        return self.notifications.deliver_due()

    def next_ms(self) -> int | None:
        """Return when something happens or is delivered next, for whoever moves the clock; None when nothing will."""
        with self.world.lock:
            moments = (self.world.next_event_ms(), self.notifications.next_due_ms())
        return min((at for at in moments if at is not None), default=None)

    def save(self) -> None:
        """Make everything as it is now survive a crash."""
        with self.world.lock:
            storage = self.world.storage
            storage.write_note("quotas", self.quotas.dump())
            storage.write_note("faults", self.faults.dump())
            storage.write_note("deliveries", self.notifications.dump())
            registration.save(storage, self.application)
            self.world.commit()

    def _restore(self, storage: Storage) -> None:
        if quotas := storage.note("quotas"):
            self.quotas.restore(quotas)
        if faults := storage.note("faults"):
            self.faults.restore(faults)

    def _step(self) -> None:
        with self.world.lock:
            self.world.step()
            self.gateway.applications.warn()

    def _tick(self) -> None:
        since_saved = 0.0
        while not self._stopping.wait(_TICK_SECONDS):
            try:
                self._step()
                self.notifications.deliver_due()
                since_saved += _TICK_SECONDS
                if since_saved >= COMMIT_SECONDS:
                    self.save()
                    since_saved = 0.0
            except Exception:  # noqa: BLE001  see below
                # Time must go on: what failed is said, and tried again at the next tick.
                _log.exception("the simulator stumbled")


# ---------------------------------------------------------------------- web


def _application(simulator: Simulator) -> Starlette:  # noqa: C901, PLR0915  one small endpoint per kind of route
    control = simulator.control

    async def sp_api(request: WebRequest) -> Response:
        region = request.path_params["region"]
        body = await request.body()
        found = Request(
            method=request.method,
            path="/" + request.path_params["path"],
            query=_query(request),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        return await _send(await run_in_threadpool(simulator.gateway.handle, region, found), request)

    async def token(request: WebRequest) -> Response:
        form = await _form(request)
        answer = await run_in_threadpool(simulator.lwa.token, form)
        simulator.quotas.count("lwa.token", form.get("grant_type", "unknown"), answer.status)
        return await _send(answer, request)

    async def consent(request: WebRequest) -> Response:
        host = request.path_params["host"]
        if request.method == "GET":
            return _page(simulator.consent.show(host, dict(request.query_params)))
        return _page(await run_in_threadpool(simulator.consent.decide, host, await _form(request)))

    async def home(_: WebRequest) -> Response:
        return _html(200, console.page())

    async def asset(request: WebRequest) -> Response:
        found = console.asset(request.path_params["name"])
        if found is None:
            return _json(404, {"error": "no such file"})
        content, kind = found
        return Response(
            content, media_type=kind, headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        )

    def controlled(action: Callable[..., object], *parameters: str, status: int = 200) -> Callable[..., Any]:
        takes_body = status >= 0

        async def endpoint(request: WebRequest) -> Response:
            arguments: list[object] = [request.path_params[name] for name in parameters]
            if takes_body and request.method in {"POST", "PUT"} and action != control.authorise:
                arguments.append(await _body(request))
            try:
                return _json(status, await run_in_threadpool(action, *arguments))
            except ControlError as error:
                return _json(error.status, {"error": str(error)})

        return endpoint

    async def feed_document(request: WebRequest) -> Response:
        document, query = request.path_params["document"], request.query_params
        expires, signature = query.get("expires", ""), query.get("signature", "")
        if request.method == "PUT":
            kind, body = request.headers.get("content-type", ""), await request.body()
            status = await run_in_threadpool(simulator.feeds.upload, document, expires, signature, kind, body)
            return Response(b"", status)
        found = await run_in_threadpool(simulator.feeds.download, document, expires, signature)
        if found is None:
            return Response(_DENIED, 403, media_type="application/xml")
        return Response(found[0], headers={"Content-Type": found[1]})

    async def message_file(request: WebRequest) -> Response:
        query, headers, body = request.query_params, dict(request.headers), await request.body()
        put = simulator.gateway.messaging.uploads.put
        status, code = await run_in_threadpool(
            put, request.path_params["file"], query.get("expires", ""), query.get("signature", ""), headers, body
        )
        return Response(f"<Error><Code>{code}</Code></Error>" if code else b"", status, media_type="application/xml")

    async def product_type_schema(request: WebRequest) -> Response:
        found = await run_in_threadpool(simulator.gateway.definitions.schema, request.path_params["token"])
        if found is None:
            return Response(_DENIED, 403, media_type="application/xml")
        return Response(found, media_type="application/json")

    async def truth_orders(request: WebRequest) -> Response:
        try:
            rows = control.truth_orders(request.path_params["seller"])
        except ControlError as error:
            return _json(error.status, {"error": str(error)})
        return StreamingResponse(rows, media_type="application/x-ndjson")

    async def bring_in(request: WebRequest) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "").split(";")[0]
        try:
            seller = simulator.world.seller(request.path_params["seller"])
            report = await run_in_threadpool(
                import_request, simulator.world, seller, kind, body, dict(request.query_params)
            )
        except ImportRefusedError as error:
            return _json(400, {"error": str(error), "problems": error.problems})
        except LookupError as error:
            return _json(404, {"error": str(error)})
        return _json(200, report)

    async def missing(request: WebRequest) -> Response:
        return _json(
            404, {"error": f"{request.method} {request.url.path} is not offered by the simulator: see README.md"}
        )

    seller = "/control/sellers/{seller}"
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    return Starlette(
        routes=[
            Route("/", home),
            Route("/assets/{name}", asset),
            Route("/auth/o2/token", token, methods=["POST"]),
            Route("/documents/{document}", _documents(simulator)),
            Route("/seller-central/{host}/apps/authorize/consent", consent, methods=["GET", "POST"]),
            *(Route(f"/{region}/{{path:path}}", _bound(sp_api, region), methods=methods) for region in REGIONS),
            Route("/feed-documents/{document}", feed_document, methods=["GET", "PUT"]),
            Route("/message-files/{file}", message_file, methods=["PUT"]),
            Route("/product-type-schemas/{token}", product_type_schema),
            Route("/control/state", controlled(control.state)),
            Route("/control/calls", controlled(control.calls)),
            Route("/control/application", controlled(control.application), methods=["GET"]),
            Route("/control/application", controlled(control.change_application), methods=["PUT"]),
            Route("/control/buyers", controlled(control.mark_buyers), methods=["PUT"]),
            Route("/control/solicitations", controlled(control.change_solicitations), methods=["PUT"]),
            Route("/control/product-types", controlled(control.release_definition), methods=["PUT"]),
            Route("/control/sellers", controlled(control.create_seller, status=201), methods=["POST"]),
            Route("/control/accounts", controlled(control.open_account, status=201), methods=["POST"]),
            Route(seller, controlled(control.change_seller, "seller"), methods=["PUT"]),
            Route(f"{seller}/orders", controlled(control.orders, "seller"), methods=["GET"]),
            Route(f"{seller}/orders", controlled(control.new_order, "seller", status=201), methods=["POST"]),
            Route(
                f"{seller}/orders/{{order}}/advance",
                controlled(control.advance_order, "seller", "order"),
                methods=["POST"],
            ),
            Route(f"{seller}/revoke", controlled(control.revoke, "seller"), methods=["POST"]),
            Route(f"{seller}/authorise", controlled(control.authorise, "seller"), methods=["POST"]),
            Route(f"{seller}/account-status", controlled(control.set_account_status, "seller"), methods=["PUT"]),
            Route(f"{seller}/shipments", controlled(control.send_shipment, "seller", status=201), methods=["POST"]),
            Route(f"{seller}/listings", controlled(control.listings, "seller"), methods=["GET"]),
            Route(f"{seller}/listings/{{sku}}", controlled(control.change_listing, "seller", "sku"), methods=["PUT"]),
            Route(f"{seller}/truth/finances", controlled(control.truth_finances, "seller")),
            Route(f"{seller}/truth/orders", truth_orders),
            Route(f"{seller}/truth/solicitations", controlled(control.truth_solicitations, "seller")),
            Route(f"{seller}/truth/settlements", controlled(control.truth_settlements, "seller")),
            Route(f"{seller}/reports", controlled(control.reports, "seller")),
            Route(f"{seller}/truth/earned/{{sku}}", controlled(control.truth_earned, "seller", "sku")),
            Route(f"{seller}/truth/daily", controlled(control.truth_daily, "seller")),
            Route(f"{seller}/books", controlled(control.books, "seller")),
            Route(f"{seller}/import", bring_in, methods=["POST"]),
            Route("/control/clock", controlled(control.clock), methods=["PUT"]),
            Route("/control/faults", controlled(control.faults), methods=["GET"]),
            Route("/control/faults", controlled(control.add_fault, status=201), methods=["POST"]),
            Route("/control/faults", controlled(control.remove_faults), methods=["DELETE"]),
            Route("/control/faults/{fault}", controlled(control.remove_faults, "fault"), methods=["DELETE"]),
            Route("/{path:path}", missing, methods=methods),
        ],
        exception_handlers={ControlError: _refuse},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(simulator.host)), Middleware(_OwnPagesOnly)],
    )


def _documents(simulator: Simulator) -> Callable[[WebRequest], Any]:
    async def endpoint(request: WebRequest) -> Response:
        fault = simulator.faults.strike_download(simulator.clock.now_ms(), documents.OPERATION)
        troubled = None if fault is None else trouble.answer_of(fault)
        if troubled is not None:
            simulator.quotas.count(documents.OPERATION, "anyone", troubled.status)
            return await _send(troubled, request)
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds or 3.0)
        name, query = request.path_params["document"], dict(request.query_params)
        found = await run_in_threadpool(simulator.reports.documents.fetch, name, query)
        simulator.quotas.count(documents.OPERATION, "anyone", found.status)
        # Set after the fact: Starlette would add a character set of its own.
        response = StreamingResponse(found.pieces, found.status, headers=found.headers)
        response.headers["content-type"] = found.content_type
        return response

    return endpoint


class _OwnPagesOnly:
    """Refuses the control API to scripts of other web pages: it has no password, and it knows the client secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/control"):
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != headers.get("host"):
                await _json(403, {"error": "the control API does not answer other web pages"})(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _hosts(host: str) -> list[str]:
    # A page that makes its own name point to this machine (DNS rebinding) is not answered either.
    return ["localhost", "127.0.0.1", "[::1]", host] if host in {"127.0.0.1", "localhost", "::1"} else ["*"]


def _bound(handler: Callable[[WebRequest], Any], region: str) -> Callable[[WebRequest], Any]:
    async def endpoint(request: WebRequest) -> Response:
        request.path_params["region"] = region
        response: Response = await handler(request)
        return response

    return endpoint


async def _refuse(_: WebRequest, error: Exception) -> Response:
    return _json(error.status if isinstance(error, ControlError) else 500, {"error": str(error)})


def _query(request: WebRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


async def _form(request: WebRequest) -> dict[str, str]:
    if request.headers.get("content-type", "").startswith("application/json"):
        with contextlib.suppress(ValueError):
            document = json.loads(await request.body())
            if isinstance(document, dict):
                return {str(name): str(value) for name, value in document.items()}
        return {}
    async with request.form() as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def _body(request: WebRequest) -> Mapping[str, Any]:
    raw = await request.body()
    if not raw:
        return {}
    try:
        document = json.loads(raw)
    except ValueError:
        raise ControlError(400, "the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise ControlError(400, "the body must be a JSON object")
    return document


async def _send(answer: Answer, request: WebRequest) -> Response:
    waited = 0.0
    while waited < answer.delay_seconds:
        if answer.hang and await request.is_disconnected():
            break
        step = min(0.2, answer.delay_seconds - waited)
        await asyncio.sleep(step)
        waited += step
    return Response(answer.body, answer.status, headers=answer.headers, media_type=answer.content_type)


def _json(status: int, document: object) -> Response:
    return Response(json.dumps(document), status, media_type="application/json", headers={"Cache-Control": "no-store"})


def _html(status: int, text: str, form_target: str | None = None) -> Response:
    # Browsers apply form-action to the redirect that answers the form, so the application's own origin is allowed.
    target = f" {form_target}" if form_target else ""
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'{target}; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(text, status, media_type="text/html", headers=headers)


def _page(page: Page) -> Response:
    if page.location is not None:
        return RedirectResponse(
            page.location, 302, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        )
    return _html(page.status, page.html, page.form_target)

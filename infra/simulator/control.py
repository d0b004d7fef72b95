"""The control API: everything a developer may do to the simulated world that Amazon would never let them."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from infra.simulator import application as registration
from infra.simulator import audit, listing_life, product_types, shipments, truth
from infra.simulator.clock import iso, iso_milliseconds, parse
from infra.simulator.faults import KINDS
from infra.simulator.lifecycle import FULFILLMENT_STATUS, State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.profiles import PROFILES
from infra.simulator.world import ACCOUNT_STATUSES, IllegalMoveError, Order, UnknownThingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.simulator.server import Simulator
    from infra.simulator.world import Listing, Seller


class ControlError(Exception):
    """A control request that cannot be done, with its status and what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Control:
    """Answers the control API. Every method takes the parsed body and returns JSON, or raises ControlError."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    # ------------------------------------------------------------------ state

    def state(self) -> dict[str, Any]:
        """Return everything the page shows."""
        simulator = self._simulator
        world, notifications = simulator.world, simulator.notifications
        with world.lock:
            world.step()
            waiting, failing = notifications.waiting()
            return {
                "now": iso_milliseconds(world.now_ms),
                "seed": world.seed,
                "clock": {"speed": simulator.clock.speed, "paused": simulator.clock.paused},
                "application": {
                    "application_id": simulator.application.application_id,
                    "stage": simulator.application.stage,
                    "redirect_uris": simulator.application.redirect_uris,
                    "roles": simulator.application.roles,
                },
                "sellers": [self._seller(each) for each in world.sellers.values()],
                "deliveries": {
                    "counts": dict(notifications.counts),
                    "waiting": waiting,
                    "failing": failing,
                    "undelivered": notifications.undelivered(),
                    "recent": [
                        {**asdict(each), "at": iso_milliseconds(each.at_ms)} for each in list(notifications.recent)[:20]
                    ],
                },
                "calls": simulator.quotas.report(),
                "faults": [asdict(each) for each in simulator.faults.active.values()],
                "fault_kinds": KINDS,
                "profiles": {key: each.title for key, each in PROFILES.items()},
                "pending_events": world.pending_events(),
            }

    def calls(self) -> dict[str, Any]:
        """Return every operation's calls, 429s and statuses so far."""
        with self._simulator.world.lock:
            return self._simulator.quotas.report()

    # ------------------------------------------------------------------ application

    def application(self) -> dict[str, Any]:
        """Return the registered application with its client secret."""
        return asdict(self._simulator.application)

    def change_application(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change what is registered; ``rotate_secret`` makes a new secret and tells ``notification_queue``."""
        _only(
            body, "redirect_uris", "roles", "stage", "name", "client_secret", "rotate_secret", "notification_queue",
            "secret_expires_at",
        )  # fmt: skip
        application = self._simulator.application
        self._change_secrets(application, body)
        if "redirect_uris" in body:
            uris = _strings(body, "redirect_uris")
            if any("#" in uri or not uri.startswith(("http://", "https://")) for uri in uris):
                raise ControlError(400, "redirect_uris: each must begin with http:// or https:// and hold no #")
            application.redirect_uris[:] = uris
        if "roles" in body:
            roles = _strings(body, "roles")
            unknown = [role for role in roles if role not in registration.ROLES]
            if unknown:
                raise ControlError(400, f"roles: no role {unknown[0]!r}, choose from {', '.join(registration.ROLES)}")
            application.roles[:] = roles
        if "stage" in body:
            if body["stage"] not in {"draft", "published"}:
                raise ControlError(400, "stage: must be draft or published")
            application.stage = body["stage"]
        if "name" in body:
            application.name = _text(body, "name")
        with self._simulator.world.lock:
            self._simulator.world.step()
            if body.get("rotate_secret"):
                self._simulator.gateway.applications.rotate()
            registration.save(self._simulator.world.storage, application)
            self._simulator.world.commit()
        return asdict(application)

    def mark_buyers(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put a word into every buyer's personal data, of all orders there are and will be; an empty one ends it."""
        _only(body, "marker")
        world = self._simulator.world
        marker = body.get("marker")
        if not isinstance(marker, str) or not (marker == "" or marker.isalnum()):
            raise ControlError(400, "marker: a word of letters and digits is required, or an empty text")
        with world.lock:
            world.buyers_marker = marker
            world.storage.write_note("buyers_marker", marker)
            world.commit()
        return {"marker": marker}

    @staticmethod
    def _change_secrets(application: registration.Application, body: Mapping[str, Any]) -> None:
        if "notification_queue" in body:
            queue = body["notification_queue"]
            if queue is not None and (not isinstance(queue, str) or ":sqs:" not in queue):
                raise ControlError(400, "notification_queue: the ARN of a queue, or null")
            application.notification_queue = queue
        if "secret_expires_at" in body:
            with _refusals():
                at = body["secret_expires_at"]
                application.set_expiry(None if at is None else parse(str(at)))
        if "client_secret" in body:
            application.client_secret = _text(body, "client_secret")

    # ------------------------------------------------------------------ sellers and orders

    def create_seller(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a seller of a profile, with its history: true, false, or ``{"days": 730, "orders": 100000}``."""
        _only(body, "profile", "name", "seed", "selling_partner_id", "history")
        history = body.get("history", True)
        wanted = history if isinstance(history, dict) else {}
        _only(wanted, "days", "orders")
        if any(not isinstance(each, int) for each in wanted.values()):
            raise ControlError(400, "history: days and orders are whole numbers")
        with _refusals():
            seller = self._simulator.world.create_seller(
                _text(body, "profile"),
                name=body.get("name"),
                seed=body.get("seed"),
                selling_partner_id=body.get("selling_partner_id"),
                history=bool(history),
                history_days=wanted.get("days"),
                history_orders=wanted.get("orders"),
            )
        return self._seller(seller)

    def open_account(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a seller without goods, for imported orders."""
        _only(body, "region", "marketplace_ids", "name", "seed", "selling_partner_id")
        with _refusals():
            seller = self._simulator.world.open_empty_account(
                _text(body, "region"),
                _strings(body, "marketplace_ids"),
                name=_text(body, "name"),
                seed=body.get("seed"),
                selling_partner_id=body.get("selling_partner_id"),
            )
            self._simulator.world.commit()
        return self._seller(seller)

    def change_seller(self, partner: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change how much a seller sells (``demand``, 1 is normal) or its usage plan (``rate_multipliers``)."""
        _only(body, "demand", "rate_multipliers")
        seller = self._find(partner)
        multipliers = body.get("rate_multipliers")
        if multipliers is not None and (
            not isinstance(multipliers, dict)
            or not all(isinstance(each, int | float) and each > 0 for each in multipliers.values())
        ):
            raise ControlError(400, "rate_multipliers: an object of operation names (or *) and numbers above 0")
        demand = body.get("demand")
        if demand is not None and (not isinstance(demand, int | float) or demand < 0):
            raise ControlError(400, "demand: a number of 0 or more")
        self._simulator.world.change_seller(seller, demand=demand, rate_multipliers=multipliers)
        return self._seller(seller)

    def new_order(self, partner: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Place an order now, or one of ``days_ago`` that its buyer kept, told with its life up to now."""
        _only(body, "sku", "quantity", "marketplace_id", "days_ago")
        quantity, days_ago = body.get("quantity", 1), body.get("days_ago", 0)
        if not isinstance(quantity, int):
            raise ControlError(400, "quantity: a whole number of 1 or more")
        if not isinstance(days_ago, int):
            raise ControlError(400, "days_ago: a whole number of 0 or more")
        world = self._simulator.world
        with world.lock, _refusals():
            order = world.new_order(
                self._find(partner),
                sku=body.get("sku"),
                quantity=quantity,
                marketplace_id=body.get("marketplace_id"),
                may_fail=not days_ago,
                days_ago=days_ago,
            )
            world.commit()
            return self._order(order)

    def orders(self, partner: str, limit: int = 20) -> dict[str, Any]:
        """Return a seller's latest orders."""
        world = self._simulator.world
        with world.lock:
            world.step()
            rows = world.storage.connection.execute(
                "SELECT * FROM orders WHERE seller = ? ORDER BY created DESC, pk DESC LIMIT ?",
                (self._find(partner).pk, limit),
            )
            return {"orders": [self._order(Order._make(row)) for row in rows]}

    def advance_order(self, partner: str, order_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Move an order to its next state, or to ``to``."""
        _only(body, "to")
        world = self._simulator.world
        with world.lock, _refusals():
            order = world.advance_order(self._find(partner), order_id, body.get("to"))
            world.commit()
            return self._order(order)

    def revoke(self, partner: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Withdraw a seller's consent: refresh tokens die now, access tokens too (``at_once``) or within the hour."""
        wanted = body or {}
        _only(wanted, "at_once")
        return {"revoked": self._simulator.lwa.revoke(self._find(partner), at_once=bool(wanted.get("at_once")))}

    def set_account_status(self, partner: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change an account's health: NORMAL, AT_RISK or DEACTIVATED."""
        _only(body, "status")
        status = _text(body, "status")
        if status not in ACCOUNT_STATUSES:
            raise ControlError(400, f"status: choose one of {', '.join(ACCOUNT_STATUSES)}")
        world, seller = self._simulator.world, self._find(partner)
        with world.lock:
            world.step()
            world.set_account_status(seller, status)
            world.commit()
        return self._seller(seller)

    def listings(self, partner: str) -> dict[str, Any]:
        """Return a seller's listings as they are now."""
        world, seller = self._simulator.world, self._find(partner)
        with world.lock:
            world.step()
            found = [each for place in seller.marketplaces for each in world.listings_of(seller, place)]
            return {"listings": [self._listing(each) for each in found]}

    def change_listing(self, partner: str, sku: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a listing in one marketplace or all: its issue, its price (minor units), a merchant's quantity."""
        _only(body, "marketplace_id", "issue", "price_minor", "quantity")
        world, seller = self._simulator.world, self._find(partner)
        place, issue = body.get("marketplace_id"), body.get("issue")
        if issue is not None and issue not in listing_life.ISSUES:
            raise ControlError(400, f"issue: null, or one of {', '.join(listing_life.ISSUES)}")
        for name in ("price_minor", "quantity"):
            value = body.get(name, 0)
            if (
                not isinstance(value, int)
                or isinstance(value, bool)
                or value < (name == "price_minor" and name in body)
            ):
                raise ControlError(400, f"{name}: a whole number, not below {int(name == 'price_minor')}")
        with world.lock:
            world.step()
            found = [each for each in world.listings_with(seller, sku) if place in {None, each.marketplace_id}]
            if not found:
                raise ControlError(404, f"seller {partner} offers no {sku!r} there")
            for listing in found:
                if "issue" in body:
                    listing_life.set_issue(world, listing, issue or "", world.now_ms)
                if "price_minor" in body:
                    listing_life.set_price(world, listing, body["price_minor"], world.now_ms)
                if "quantity" in body and not listing.by_amazon:
                    listing_life.set_quantity(world, listing, body["quantity"], world.now_ms)
            world.commit()
            return {"listings": [self._listing(each) for each in found]}

    def release_definition(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Release another definition of a product type in a marketplace: a title of another length at most."""
        _only(body, "product_type", "marketplace_id", "longest_title")
        kind, longest = body.get("product_type"), body.get("longest_title")
        place = MARKETPLACES.get(str(body.get("marketplace_id")))
        if kind not in product_types.known_types():
            raise ControlError(400, f"product_type: one of {', '.join(sorted(product_types.known_types()))}")
        if place is None:
            raise ControlError(400, "marketplace_id: the id of a marketplace")
        if type(longest) is not int or not 1 <= longest <= product_types.LONGEST_TITLE:
            raise ControlError(400, f"longest_title: a whole number from 1 to {product_types.LONGEST_TITLE}")
        world = self._simulator.world
        with world.lock:
            world.step()
            product_types.revise(world, kind, place, longest)
            world.commit()
            return {"version": product_types.version(kind, place, longest)}

    def send_shipment(self, partner: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Let the seller have sent units of a SKU to Amazon, which counted them in but for those that are missing."""
        _only(body, "sku", "quantity", "missing")
        quantity, missing = body.get("quantity"), body.get("missing", 0)
        if type(quantity) is not int or type(missing) is not int:
            raise ControlError(400, "quantity, missing: whole numbers")
        sku = _text(body, "sku")
        world = self._simulator.world
        with world.lock, _refusals():
            seller = self._find(partner)
            found = [each for each in world.listings.values() if (each.seller, each.sku) == (seller.pk, sku)]
            if not any(each.by_amazon for each in found):
                raise ControlError(404, "sku: no listing of this seller that Amazon stores")
            listing = next(each for each in found if each.by_amazon)
            restock = world.send_shipment(seller, listing, quantity, missing)
            world.commit()
            now = world.now_ms
            return {
                "shipment_id": shipments.confirmation_id(world, restock),
                "status": restock.status(now),
                "quantity": quantity,
                "received": restock.received(now),
            }

    def _listing(self, listing: Listing) -> dict[str, Any]:
        world = self._simulator.world
        return {
            "sku": listing.sku,
            "asin": listing.asin,
            "marketplace_id": listing.marketplace_id,
            "title": listing.title,
            "price_minor": listing.price_minor,
            "by_amazon": listing.by_amazon,
            "quantity": listing_life.quantity(world, listing),
            "issue": listing.issue or None,
            "status": listing_life.status(world, listing),
        }

    def truth_finances(self, partner: str) -> dict[str, Any]:
        """Return Amazon's side of a seller's money: what was posted, what is told so far, what is held back or paid."""
        seller = self._find(partner)
        self._simulator.world.step()
        return {"finances": truth.finances(self._simulator.world, seller)}

    def authorise(self, partner: str) -> dict[str, Any]:
        """Self-authorise the application for a seller and return its refresh token."""
        return {"refresh_token": self._simulator.lwa.authorise(self._find(partner))}

    def truth_orders(self, partner: str) -> Iterator[str]:
        """Yield Amazon's side of a seller's orders, one JSON object a line."""
        seller = self._find(partner)
        self._simulator.world.step()
        return truth.orders(self._simulator.world, seller)

    def truth_solicitations(self, partner: str) -> dict[str, Any]:
        """Return which of a seller's orders a review request was accepted for, and when."""
        seller = self._find(partner)
        world = self._simulator.world
        with world.lock:
            return {"solicitations": truth.solicitations(world, seller)}

    def change_solicitations(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change how often Amazon answers against expectation when it is asked for a review request."""
        names = ("empty_share", "never_share", "delayed_share")
        _only(body, *names)
        shares: dict[str, Any] = {name: _number(body, name) for name in body}
        wrong = next((name for name, share in shares.items() if not 0 <= share <= 1), None)
        if wrong is not None:
            raise ControlError(400, f"{wrong}: a share from 0 to 1")
        world, solicitations = self._simulator.world, self._simulator.gateway.solicitations
        with world.lock:
            solicitations.set_mood(replace(solicitations.requests.mood, **shares))
            world.commit()
            return {name: getattr(solicitations.requests.mood, name) for name in names}

    def truth_daily(self, partner: str) -> dict[str, Any]:
        """Return Amazon's side of a seller's days."""
        seller = self._find(partner)
        self._simulator.world.step()
        return {"days": truth.daily(self._simulator.world, seller)}

    def truth_earned(self, partner: str, sku: str) -> dict[str, Any]:
        """Return Amazon's side of what a SKU brought on each day."""
        seller = self._find(partner)
        self._simulator.world.step()
        return {"days": truth.earned(self._simulator.world, seller, sku)}

    def truth_settlements(self, partner: str) -> dict[str, Any]:
        """Return Amazon's side of a seller's payments."""
        seller = self._find(partner)
        self._simulator.world.step()
        return {"settlements": truth.settlements(self._simulator.world, seller)}

    def reports(self, partner: str) -> dict[str, Any]:
        """Return the seller's latest reports, whoever asked for them."""
        world = self._simulator.world
        with world.lock:
            world.step()
            found = self._simulator.reports.search(self._find(partner), (), since=0, until=world.now_ms, limit=100)
            return {"reports": [{**asdict(each), "report_id": each.report_id} for each in found]}

    def books(self, partner: str) -> dict[str, Any]:
        """Return a seller's money accounts and what does not add up (nothing, one hopes)."""
        seller = self._find(partner)
        world = self._simulator.world
        with world.lock:
            world.step()
            balances: dict[str, dict[str, int]] = {}
            for owner, account, commodity, amount in world.books.balances():
                if owner == seller.pk and not commodity.startswith("units:"):
                    balances.setdefault(commodity, {})[account] = amount
            return {"problems": audit.check(world, seller), "money": balances}

    # ------------------------------------------------------------------ clock and faults

    def clock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change speed, pause or resume, advance by seconds, or move to an instant (``move_to``)."""
        _only(body, "speed", "paused", "advance_seconds", "move_to")
        simulator = self._simulator
        try:
            if "speed" in body:
                simulator.clock.set_speed(_number(body, "speed"))
            if "paused" in body:
                simulator.clock.set_paused(paused=bool(body["paused"]))
            if "advance_seconds" in body:
                simulator.clock.advance(_number(body, "advance_seconds"))
            if "move_to" in body:
                simulator.clock.move_to(parse(_text(body, "move_to")))
        except ValueError as error:
            raise ControlError(400, str(error)) from None
        simulator.world.step()
        return {
            "now": iso_milliseconds(simulator.clock.now_ms()),
            "speed": simulator.clock.speed,
            "paused": simulator.clock.paused,
        }

    def add_fault(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Put a fault in force; ``revoked_grant`` revokes the named seller's grants, now or after ``count`` calls."""
        _only(body, "kind", "seller", "operation", "probability", "count", "duration_seconds", "delay_seconds")
        if body.get("kind") == "revoked_grant":
            self._find(_text(body, "seller"))
        if body.get("kind") == "revoked_grant" and body.get("count") is None:
            return {"fault_id": None, "kind": "revoked_grant", **self.revoke(_text(body, "seller"))}
        with self._simulator.world.lock, _refusals():
            fault = self._simulator.faults.add(
                _text(body, "kind"),
                self._simulator.clock.now_ms(),
                seller=body.get("seller"),
                operation=body.get("operation"),
                probability=body.get("probability", 1.0),
                count=body.get("count"),
                duration_seconds=body.get("duration_seconds"),
                delay_seconds=body.get("delay_seconds"),
            )
        return asdict(fault)

    def faults(self) -> dict[str, Any]:
        """Return the faults in force."""
        return {"faults": [asdict(each) for each in self._simulator.faults.active.values()], "kinds": KINDS}

    def remove_faults(self, fault_id: str | None = None) -> dict[str, Any]:
        """End one fault, or all."""
        removed = self._simulator.faults.remove(fault_id)
        if fault_id is not None and not removed:
            raise ControlError(404, f"no fault {fault_id!r} is in force")
        return {"removed": removed}

    # ------------------------------------------------------------------ inner

    def _find(self, partner: str) -> Seller:
        try:
            return self._simulator.world.seller(partner)
        except UnknownThingError as error:
            raise ControlError(404, str(error)) from None

    def _seller(self, seller: Seller) -> dict[str, Any]:
        world = self._simulator.world
        with world.lock:
            counts = dict(
                world.storage.connection.execute(
                    "SELECT state, COUNT(*) FROM orders WHERE seller = ? GROUP BY state", (seller.pk,)
                ).fetchall()
            )
            hour = world.storage.connection.execute(
                "SELECT COUNT(*) FROM orders WHERE seller = ? AND created > ?", (seller.pk, world.now_ms - 3_600_000)
            ).fetchone()[0]
            return {
                "selling_partner_id": seller.selling_partner_id,
                "name": seller.name,
                "region": seller.region,
                "profile": seller.profile,
                "marketplaces": [
                    {"marketplace_id": each, "country_code": MARKETPLACES[each].country_code}
                    for each in seller.marketplaces
                ],
                "demand": seller.demand,
                "rate_multipliers": seller.rate_multipliers,
                "plan": seller.plan,
                "status": seller.status,
                "grants": self._simulator.lwa.grants(seller),
                "orders": sum(counts.values()),
                "orders_by_state": {State(state).name: number for state, number in counts.items()},
                "orders_last_hour": hour,
                "orders_per_minute": round(hour / 60, 2),
                "lost_units": sum(
                    world.lost_units.get(each.pk, 0)
                    for place in seller.marketplaces
                    for each in world.listings_of(seller, place)
                ),
                "replay_left": sum(1 for _ in world.imported_ahead(seller)),
            }

    def _order(self, order: Order) -> dict[str, Any]:
        world = self._simulator.world
        return {
            "order_id": order.order_id,
            "marketplace_id": order.marketplace_id,
            "created_at": iso(order.created),
            "updated_at": iso(order.updated),
            "state": State(order.state).name,
            "status": FULFILLMENT_STATUS[State(order.state)],
            "lines": [
                {
                    "seller_sku": world.listings[line.listing].sku,
                    "quantity": line.quantity,
                    "item_minor": line.item_minor,
                }
                for line in world.lines(order.pk)
            ],
        }


class _refusals:  # noqa: N801  reads as a statement: with _refusals()
    """Turns what the world refuses into answers of the control API."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, UnknownThingError):
            raise ControlError(404, str(error)) from None
        if isinstance(error, IllegalMoveError):
            raise ControlError(409, str(error)) from None
        if isinstance(error, ValueError | TypeError):
            raise ControlError(400, str(error)) from None


def _only(body: Mapping[str, Any], *known: str) -> None:
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ControlError(400, f"{unknown[0]}: unknown field, known are {', '.join(known)}")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, f"{name}: a text is required")
    return value


def _strings(body: Mapping[str, Any], name: str) -> list[str]:
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ControlError(400, f"{name}: a list of texts is required")
    return list(value)


def _number(body: Mapping[str, Any], name: str) -> float:
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ControlError(400, f"{name}: a number is required")
    return float(value)

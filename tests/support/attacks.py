"""Attacks on every route, made from the route table: a route is attacked from the day it is declared.

Two organisations share an installation. ``Neighbours`` gives both the same kinds of data; whatever the victim alone is
shown is a *mark* of hers, so what is looked for grows with what the API shows. An attack has succeeded when

- an answer holds a mark that the attacker did not send, or an address that names something of the victim is answered
  as if it were the attacker's;
- anything of the victim is different afterwards, in a table, in the user pool or in a queue;
- a request of somebody who may not make it is answered with anything but a refusal.

The store is in process and enforces no IAM, so what holds here is held by the code alone; that IAM holds without the
code is tested with the policies themselves (tests/unit/isolation) and on the embedded AWS.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from itertools import product
from typing import Any, NamedTuple

from moto.dynamodb.models import dynamodb_backends
from msgspec import inspect

from notification_intake.app import build as build_intake
from notification_intake.container import Container as IntakeContainer
from quayside.accounts.records import MemberRecord
from quayside.accounts.rules import PERMISSIONS_OF_ROLE, PUBLIC, ROLES
from quayside.compliance import disclosure_service as disclosures
from quayside.compliance import erasure_store, export_store
from quayside.compliance.disclosure_rules import Disclosure
from quayside.compliance.export_records import ExportRecord
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.cursors import encode_cursor
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.storage import keys, pii_vault
from quayside.storage.pii_vault import OrderReference, PersonalData
from quayside.storage.tables import write
from quayside.sync import report_runs
from quayside.sync.registry import MERCHANT_FULFILMENT
from seller_api.routing import Route
from tests.support.api import Answer
from tests.support.aws import ACCOUNT, REGION, Aws
from tests.support.fresh import emptied
from tests.support.notifications import US, inventory_change, order_change, order_line, sqs_event
from tests.support.orders import item, order_document
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import ConnectedSeller, connect

REFUSALS = frozenset({400, 401, 403})
"""How somebody who may not ask is answered: not known, not permitted, or claims that make no sense."""

_SHORTEST_MARK = 6
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?")  # when something is due differs too, and tells nothing
_NUMBERS = frozenset(encode_cursor(str(number)) for number in range(1000))
"""Cursors of the audit trail, which every organisation has from its first entry on."""
_ORDERS_REPORT = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"

Claims = Mapping[str, object]


class Attack(NamedTuple):
    """One request that must not work.

    Attributes:
        kind: which of the suites it belongs to.
        name: what is tried, in words.
        sent: marks of the victim that the request itself carries.
        refused: whether nothing but a refusal is good enough; otherwise the answer may be any that shows nothing.
        role: the role the attacker is given; without, the member that the claims name is read.
    """

    kind: str
    name: str
    route: Route
    path: str
    claims: Claims | None
    body: object = None
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    sent: frozenset[str] = frozenset()
    refused: bool = False
    role: str | None = None


class Outcome(NamedTuple):
    """How an attack ended; without reasons it failed, as it should."""

    attack: Attack
    status: int
    reasons: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        """Whether the attacker got anything."""
        return bool(self.reasons)

    def __str__(self) -> str:
        """Say what was tried and what came of it."""
        route = self.attack.route
        return f"{route.method} {self.attack.path}: {self.attack.name} -> {self.status}, {'; '.join(self.reasons)}"


class _Stored(NamedTuple):
    """One item; ``key`` is its partition when that belongs to a tenant."""

    table: str
    key: str
    content: str

    @property
    def recorded(self) -> bool:
        """Whether it is an entry in the application's own audit trail, which says what was tried."""
        return not self.key and self.table == "AuditTable"


class Side(NamedTuple):
    """One of the two organisations."""

    person: Person
    seller: ConnectedSeller


class Neighbours(SellerWorld):
    """Two organisations on one installation: Anna, who is attacked, and Eve, an owner in her own right, who attacks."""

    def __init__(self, present: Aws) -> None:
        super().__init__(emptied(present), mfa_mode="optional")
        parts: dict[str, Any] = {"clock": present.clock, "store": present.store, "metrics": self.metrics}
        intake = IntakeContainer(present.settings, **parts)
        self._intake = build_intake(lambda: intake)
        self._find_member = self.container.find_member
        self.victim = self._settle("anna@example.com", "Anna and Company", "A3TH9S8BH6GOGM", 7)
        self.attacker = self._settle("eve@example.org", "Eve Limited", "A1EVE00SELLER0", 3)
        # What Eve may do with her own data must not run into its own limits (a run a minute, a session signed out).
        self.aws.clock.advance(120)
        self.attacker.person.authorised()
        self.aws.messages()
        # Before anything is compared: what the victim reads of buyers leaves entries in her audit trail.
        self.marks  # noqa: B018 - it is kept once it was asked for
        self._pristine = {name: copy.deepcopy(table.items) for name, table in _tables()}
        self._accounts = copy.deepcopy(self.identity.accounts)
        self._state = self._read_state()

    def _settle(self, email: str, organisation: str, seller_id: str, digit: int) -> Side:
        person = self.person(email).sign_up(organisation, f"{organisation}'s owner")
        subject = self.identity.accounts[email].subject
        seller = connect(self.aws.clock, subject=subject, seller=seller_id, subscriptions=(f"subscription-{digit}",))
        sku = f"SKU-{digit * 1111111}"
        told: dict[str, Any] = {"seller": seller_id, "subscription": f"subscription-{digit}"}
        ids = [f"903-{digit}000000-000000{number}" for number in range(1, 4)]
        notifications = [order_change(each, lines=[order_line(sku=sku)], **told) for each in ids[:2]]
        notifications.append(order_change(ids[2], marketplace="NOWHERE", **told))
        notifications += [inventory_change(each, seller=seller_id) for each in (sku, f"{sku}-B")]
        assert self._intake(sqs_event(notifications), None) == {"batchItemFailures": []}
        now = self.aws.clock.now()
        with tenant_scope(seller.tenant_id):
            shipped_by_herself = {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"}
            documents = [
                order_document(each, items=[item(sku=sku)], fulfillment=shipped_by_herself) for each in ids[:2]
            ]
            orders.apply_orders(
                seller.tenant_id, seller.connection_id, documents, received_at=now, clock=self.aws.clock
            )
            connections.change_features(seller.connection_id, MERCHANT_FULFILMENT, on=True)
            for each in ids[:2]:
                data = PersonalData(
                    {"name": f"Buyer of {organisation}", "address_line1": f"{digit} {organisation} Road"}
                )
                place, ends = OrderReference(seller.connection_id, each), now.date() + timedelta(days=30)
                pii_vault.put(place, data, expires_on=ends, source="amazon:orders", clock=self.aws.clock)
            for mark in ("1", "2"):
                report_runs.create(
                    seller.connection_id, _ORDERS_REPORT, [US], mark=f"{digit}{mark}",
                    data_start=now - timedelta(days=30), data_end=now, cause="connect", now=now, state="loaded",
                    actions=[report_runs.ReportRun.sha256_kept.set(f"{digit}" * 64)],
                )  # fmt: skip
            self._plant_export_and_erasure(seller, organisation, f"{digit}" * 26)
            removed = MemberId(f"removed-{digit}")
            member = MemberRecord
            write(
                member,
                keys.member(seller.tenant_id, removed),
                [
                    member.member_id.set(removed), member.email.set(f"removed.{email}"), member.name.set("Removed"),
                    member.role.set("owner"), member.state.set("removed"), member.created_at.set(1),
                ],
            )  # fmt: skip
        return Side(person, seller)

    def _plant_export_and_erasure(self, seller: ConnectedSeller, organisation: str, own_id: str) -> None:
        """Give a side an export that is ready, one line in its log, and an erasure that waits."""
        now = self.aws.clock.now()
        asked = export_store.open_one(
            f"export-{own_id}", connection_id=None, connection_name=organisation, requested_by="anna", now=now
        )
        model = ExportRecord
        file = keys.export_file(seller.tenant_id, None, asked.export_id)
        ready = [model.state.set("ready"), model.file.set(file), model.size.set(1)]
        export_store.move(asked, now, [*ready, model.ends_at.set(format_instant(now + timedelta(days=7)))])
        disclosures.note(
            Disclosure(
                what="export_made", export_id=asked.export_id, connection_id=None, connection_name=organisation,
                by="anna", rows=1, size=1,
            ),
            clock=self.aws.clock, entropy=lambda size: own_id.encode()[:size],
        )  # fmt: skip
        erasure_store.open_one(
            seller.tenant_id, f"erasure-{own_id}", connection_id=seller.connection_id, connection_name=organisation,
            cause="disconnect", requested_by="anna", requested_at=now, begins_at=now + timedelta(days=7),
        )  # fmt: skip

    # -- what the victim alone is shown -------------------------------------------------------------------------------

    @cached_property
    def learned(self) -> dict[str, list[str]]:
        """Texts the API shows the victim, by the name they are shown under, the first seen first."""
        return self._walk(self.victim)

    @cached_property
    def marks(self) -> frozenset[str]:
        """Texts that the API shows the victim and not the attacker, and the victim's ids besides."""
        hers = {text for texts in self.learned.values() for text in texts}
        others = {text for texts in self._walk(self.attacker).values() for text in texts}
        person, seller = self.victim
        known = {seller.tenant_id, seller.connection_id, seller.selling_partner_id, person.email}
        told = (text for text in hers - others if len(text) >= _SHORTEST_MARK and not _INSTANT.fullmatch(text))
        told = (text for text in told if text not in _NUMBERS)
        return frozenset({*told, *known})

    def _walk(self, side: Side) -> dict[str, list[str]]:
        """Read everything one organisation can read, in as many rounds as addresses need to be learned."""
        learned: dict[str, list[str]] = {}
        for _ in range(2):
            for route in self.attacked:
                names = _parameters(route.path)
                if route.method == "GET" and all(name in learned for name in names):
                    filled = {name: learned[name][0] for name in names}
                    # Hers in short pages, for their cursors; his in long ones, for the words that both are shown.
                    short = side is self.victim and "limit" in _fields(route.query)
                    query = {"limit": "1"} if short else None
                    answer = self._send(route, _filled(route, filled), side.person.claims, None, query, None)
                    if answer.status == 200:
                        _learn(answer.json, "", learned)
        return learned

    @property
    def attacked(self) -> Sequence[Route]:
        """Every route that asks for somebody."""
        return [route for route in self.routes if route.permission != PUBLIC]

    # -- attacks ------------------------------------------------------------------------------------------------------

    def attacks(self) -> Iterator[Attack]:
        """Return every attack on every route."""
        yield from self.by_strangers()
        yield from self.by_roles()
        yield from self.across()

    def by_strangers(self) -> Iterator[Attack]:
        """Return requests of nobody, of somebody else's token, and of people who are no longer there."""
        for route in self.attacked:
            path, body = _filled(route, self._own), _example(route.body)
            for name, claims, headers in self._strangers():
                yield Attack("strangers", name, route, path, claims, body, headers=headers, refused=True)

    def by_roles(self) -> Iterator[Attack]:
        """Return requests of members whose role does not include what the route asks for."""
        for route, role in product(self.attacked, [*ROLES, "nobody knows this role"]):
            held = PERMISSIONS_OF_ROLE.get(role, frozenset())
            if route.permission not in held:
                path, body = _filled(route, self._own), _example(route.body)
                claims = self.attacker.person.claims
                yield Attack("roles", f"as {role}", route, path, claims, body, refused=True, role=role)

    def across(self) -> Iterator[Attack]:
        """Return requests of a signed-in owner that name what belongs to the other organisation."""
        for route in self.routes:
            claims = None if route.permission == PUBLIC else self.attacker.person.claims
            yield from self._by_path(route, claims)
            own, body = _filled(route, self._own), _example(route.body)
            # A list that is not full yet is looked for in every month there may be; one whole list a route is enough.
            short = {"limit": "1"} if "limit" in _fields(route.query) else {}
            for name, value in self._query_attempts(route):
                yield self._crossing(route, f"{name}={value} in the query", own, claims, body, {**short, name: value})
            for place, changed, value in self._bodies(route):
                yield self._crossing(route, f"{place}={value} in the body", own, claims, changed, None, value)
            tenant_id = self.victim.seller.tenant_id
            headers = {"x-tenant-id": tenant_id, "x-amzn-oidc-identity": tenant_id}
            yield Attack("across", "the tenant in a header", route, own, claims, body, headers=headers, role="owner")

    def _by_path(self, route: Route, claims: Claims | None) -> Iterator[Attack]:
        names = _parameters(route.path)
        theirs = {name: self._of_victim(name) for name in names}
        for name in names:
            for value in theirs[name]:
                filled = _filled(route, {**self._own, name: value})
                yield self._crossing(route, f"{name}={value}", filled, claims, _example(route.body), None, value)
        if len(names) > 1:
            filled = _filled(route, {name: values[0] for name, values in theirs.items()})
            sent = "/".join(values[0] for values in theirs.values())
            yield self._crossing(route, "every name of the address", filled, claims, _example(route.body), None, sent)

    def _crossing(  # noqa: PLR0917 - the parts of a request
        self,
        route: Route,
        name: str,
        path: str,
        claims: Claims | None,
        body: object,
        query: Mapping[str, str] | None,
        text: str = "",
    ) -> Attack:
        carried = f"{text} {path} {json.dumps(query)}"
        sent = frozenset(mark for mark in self.marks if mark in carried)
        return Attack("across", name, route, path, claims, body, query, sent=sent, role="owner")

    def _query_attempts(self, route: Route) -> Iterator[tuple[str, str]]:
        tenant_id = self.victim.seller.tenant_id
        yield from (("tenant_id", tenant_id), ("connection_id", self.victim.seller.connection_id))
        for name, kind in _fields(route.query).items():
            if name == "cursor":
                yield from ((name, cursor) for cursor in self._cursors)
            elif _is_text(kind) and name != "connection_id":
                yield from ((name, value) for value in self._of_victim(name))

    def _bodies(self, route: Route) -> Iterator[tuple[str, object, str]]:
        body = _example(route.body)
        if not isinstance(body, dict):
            return
        yield "tenant_id", {**body, "tenant_id": self.victim.seller.tenant_id}, self.victim.seller.tenant_id
        for name, kind in _fields(route.body).items():
            if _is_text(kind):
                for value in self._of_victim(name):
                    yield name, {**body, name: value}, value

    def _of_victim(self, name: str) -> Sequence[str]:
        """Return what a place called ``name`` is tried with: the victim's own of that name, or every id of hers."""
        of_that_name = [text for text in self.learned.get(name, ()) if text in self.marks][:3]
        person, seller = self.victim
        ids = [seller.tenant_id, seller.connection_id, seller.selling_partner_id, person.email]
        orders_of_hers = [text for text in self.learned["order_id"] if text in self.marks][:1]
        return [*(of_that_name or [*ids, *orders_of_hers]), f"T#{seller.tenant_id}#", "*"]

    @cached_property
    def _cursors(self) -> Sequence[str]:
        """Cursors of the victim's lists, and cursors made up of her keys with any number of parts."""
        seller = self.victim.seller
        partition = f"T#{seller.tenant_id}#ORDERS#{seller.connection_id}#{US}#2026-11"
        order = self.learned["order_id"][0]
        parts = (partition, f"ORDER#2026-11-20T18:00:00Z#{order}", seller.connection_id, US)
        made_up = [encode_cursor(*(parts[(start + place) % 4] for place in range(count)))
                   for count in range(1, 5) for start in range(4)]  # fmt: skip
        return [*dict.fromkeys(text for text in self.learned.get("next_cursor", ()) if text in self.marks), *made_up]

    @cached_property
    def _own(self) -> dict[str, str]:
        """Names of the attacker's own, with which addresses are filled."""
        return {name: texts[0] for name, texts in self._walk(self.attacker).items()}

    def _strangers(self) -> Iterator[tuple[str, Claims | None, Mapping[str, str] | None]]:
        eve, anna = self.attacker, self.victim
        good = dict(eve.person.claims or {})
        now = epoch_seconds(self.aws.clock.now())
        yield "no token", None, None
        yield "no claims", {}, None
        for name, token in (
            ("a token that nobody verified", self.identity.id_token(self.identity.accounts[anna.person.email], now)),
            ("an unsigned token", "eyJhbGciOiJub25lIn0.e30."),
        ):
            yield name, None, {"authorization": f"Bearer {token}"}
        yield "an access token", {**good, "token_use": "access", "client_id": good["aud"]}, None
        yield "a token for another app client", {**good, "aud": "another-client"}, None
        yield "a token for several app clients", {**good, "aud": [good["aud"], "another-client"]}, None
        for absent in ("sub", "aud", "token_use", "custom:tenant_id"):
            yield f"a token without {absent}", {key: value for key, value in good.items() if key != absent}, None
        tenant_id = anna.seller.tenant_id
        for foreign in (
            tenant_id, tenant_id[:-1], f"{tenant_id}x", tenant_id.upper(), f"T#{tenant_id}", f"{tenant_id}#",
            "*" * 26, "?" * 26, f"{tenant_id[:-1]}*", f"{eve.seller.tenant_id},{tenant_id}",
        ):  # fmt: skip
            yield f"the tenant {foreign} in one's own token", {**good, "custom:tenant_id": foreign}, None
        yield "a member of nobody's", {**good, "sub": "nobody"}, None
        yield "a removed member", {**good, "sub": "removed-3"}, None
        operator = {**good, "sub": "removed-3", "cognito:groups": "operators"}
        yield "a removed member who is an operator", operator, None

    # -- trying -------------------------------------------------------------------------------------------------------

    def tried(self, attack: Attack) -> Outcome:
        """Make the request, judge it, and put everything back as it was."""
        if attack.role is not None:
            self.container.find_member = _having(attack.role)
        try:
            answer = self._send(attack.route, attack.path, attack.claims, attack.body, attack.query, attack.headers)
        finally:
            self.container.find_member = self._find_member
        reasons = [*self._judged(attack, answer), *self._damage()]
        return Outcome(attack, answer.status, tuple(reasons))

    def _send(  # noqa: PLR0917 - the parts of a request
        self,
        route: Route,
        path: str,
        claims: Claims | None,
        body: object,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        # What a route demands is given to it, or it would refuse the question and not whoever asks.
        demanded = _example(route.query)
        asked = {**{name: str(value) for name, value in demanded.items()}, **(query or {})} if demanded else query
        return self.call(route.method, path, body=body, query=asked, claims=claims, headers=headers)

    def _judged(self, attack: Attack, answer: Answer) -> Iterator[str]:
        if attack.refused and answer.status not in REFUSALS:
            yield "was not refused"
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            yield "never reached the route"
        if answer.status >= 500:
            yield "broke"
        named = any(mark in attack.path for mark in self.marks)
        if named and answer.status < 300:
            yield "was answered as if it were one's own"
        shown = sorted(mark for mark in self.marks - attack.sent if mark in answer.text)
        if shown:
            yield f"shows {', '.join(shown[:3])}"

    def _damage(self) -> Iterator[str]:
        tenant_id = self.victim.seller.tenant_id
        if any(tenant_id in json.dumps(message) for message in self.aws.messages()):
            yield "sent a message about the other organisation"
        now, before = self._read_state(), self._state
        if now != before:
            # Whoever calls themselves by her id has still written nothing but their own: of what is new, keys count,
            # and in the tables that belong to nobody, whatever names her.
            hers = [each for each in before - now if tenant_id in each.content]
            hers += [each for each in now - before if tenant_id in (each.key or each.content) and not each.recorded]
            if hers:
                yield "changed what belongs to the other organisation"
            for name, table in _tables():
                table.items.clear()
                table.items.update(copy.deepcopy(self._pristine[name]))
        victim = self.victim.person.email
        account, was = self.identity.accounts[victim], self._accounts[victim]
        # Wrong passwords are counted against whoever's address they are tried with: that is the lock-out.
        account.failed_attempts = was.failed_attempts
        if account != was:
            yield "changed the other organisation's account"
        self.identity.accounts = copy.deepcopy(self._accounts)

    def _read_state(self) -> frozenset["_Stored"]:
        return frozenset(
            _Stored(
                name,
                each.hash_key.value if each.hash_key.value.startswith("T#") else "",
                json.dumps(each.to_json(), sort_keys=True, default=repr),
            )
            for name, table in _tables()
            for each in _items(table)
        )


def _items(table: Any) -> Iterator[Any]:
    """Every item of a table, as it lies: putting them in order takes longer than all the rest."""
    for below in table.items.values():
        yield from below.values() if table.range_key_attr else (below,)


def _tables() -> Iterator[tuple[str, Any]]:
    yield from dynamodb_backends[ACCOUNT][REGION].tables.items()


def _having(role: str) -> Callable[[MemberId], MemberRecord]:
    def find(member_id: MemberId) -> MemberRecord:
        return MemberRecord(
            "member", member_id, member_id=member_id, email="eve@example.org", name="Eve", role=role, state="active",
            created_at=1,
        )  # fmt: skip

    return find


def _learn(value: object, name: str, learned: dict[str, list[str]]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _learn(inner, key, learned)
    elif isinstance(value, list):
        for inner in value:
            _learn(inner, name, learned)
    elif isinstance(value, str) and value not in learned.setdefault(name, []):
        learned[name].append(value)


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _filled(route: Route, values: Mapping[str, str]) -> str:
    """Return the address of a route with its names filled; a value can't hold a slash, which would end it."""
    path = route.resource_path
    for name in _parameters(route.path):
        path = path.replace(f"{{{name}}}", values.get(name, "unknown").replace("/", "%2F"))
    return path


def _fields(shape: type | None) -> dict[str, inspect.Type]:
    if shape is None:
        return {}
    found = inspect.type_info(shape)
    return {each.encode_name: each.type for each in found.fields} if isinstance(found, inspect.StructType) else {}


def _bare(kind: inspect.Type) -> inspect.Type:
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _is_text(kind: inspect.Type) -> bool:
    kind = _bare(kind)
    if isinstance(kind, inspect.UnionType):
        return any(_is_text(each) for each in kind.types)
    return isinstance(kind, inspect.StrType)


def _example(shape: type | None) -> Any:
    """Return a body or a query that a route can read, with what it demands and nothing else."""
    return None if shape is None else _value(inspect.type_info(shape))


def _value(kind: inspect.Type) -> object:  # noqa: PLR0911 - a table of types
    kind = _bare(kind)
    match kind:
        case inspect.StructType():
            return {each.encode_name: _value(each.type) for each in kind.fields if each.required}
        case inspect.UnionType():
            return None if kind.includes_none else _value(kind.types[0])
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.BoolType():
            return True
        case inspect.IntType() | inspect.FloatType():
            return 1
        case inspect.DateType():
            return "2026-11-20"
        case inspect.DateTimeType():
            return "2026-11-20T18:00:00Z"
        case inspect.ListType() | inspect.VarTupleType():
            return [_value(kind.item_type)]
        case inspect.DictType():
            return {}
        case _:
            return "x"

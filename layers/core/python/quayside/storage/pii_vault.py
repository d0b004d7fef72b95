"""Buyers' personal data in and out of the Pii table: ciphertext that can't be read any more once its day has come.

Every order's personal data is sealed with AES-256-GCM under a data key of its own *per tenant and day of expiry*. Data
keys are wrapped by KMS with the tenant and the day as encryption context, and the wrapped keys lie in a table that has
no copies of any kind. At expiry the key is destroyed, and what is left in tables, exports and backups is noise. Readers
refuse what has expired by the clock as well, whatever was destroyed or not.

**When a life ends.** Amazon allows 30 days after delivery (DPP 2.1). A life ends as a day (UTC) begins, the last one
that lies at least two hours before the 30 days are over: the task that destroys keys comes every hour, so the key is
gone in time, and a clock that is minutes slow lengthens no life beyond what is allowed.

**What is bound to what.** A field's ciphertext is bound to tenant, connection, order, field and day: copied to another
place it does not open. Whoever reads names a purpose, one of those that Amazon's policy allows (AUP 4.1), and the
reading is recorded in the audit trail in the same call: what can't be recorded is not shown.

A data key in clear stays in memory for fifteen minutes at most and never beyond its day. ``cryptography`` is imported
when it is first needed: most invocations of a function never touch personal data.
"""

import base64
import json
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast, final, get_args, override
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import Clock, epoch_seconds, format_instant
from quayside.kernel.errors import Conflict, Gone, InvalidInput, NotFound, QuaysideError, UpstreamUnavailable
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, keys
from quayside.storage.audit_chain import AuditEvent, Outcome
from quayside.storage.connection import Store, bound
from quayside.storage.tables import CoordinationItem, PiiItem, PiiKeyItem, create, page, write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DAYS_AFTER_DELIVERY = 30
"""Amazon's Data Protection Policy 2.1: personal data no longer than 30 days after delivery."""
BEFORE_THE_LIMIT = timedelta(hours=2)
"""So long before the limit a life ends at the latest; the task that destroys keys comes every hour."""

Purpose = Literal["label", "packing_slip", "tax"]
"""What personal data may be read for: shipping what the seller sends itself, and taxes (AUP 4.1)."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

CACHED_SECONDS: Final = 900
CACHED_KEYS: Final = 1024
_NONCE_BYTES: Final = 12
_TRIES: Final = 4

Entropy = Callable[[int], bytes]


class PersonalDataExpired(Gone):
    """The data's time is over, or its key was destroyed before: nobody can read it any more."""

    default_code = "personal_data_expired"
    default_action = "Amazon shows the buyer's data in Seller Central as long as its own rules allow."

    def __init__(self) -> None:
        super().__init__("The buyer's data of this order is deleted: its time is over.")


class PersonalDataUnavailable(UpstreamUnavailable):
    """The key service or a table did not answer or refused; nothing was shown and nothing is stored in clear."""

    default_code = "personal_data_unavailable"

    def __init__(self) -> None:
        super().__init__("The buyer's data can't be opened at the moment.")


class PersonalDataDamaged(QuaysideError):
    """What is stored is not what was sealed for this order: it was changed, or moved from another place."""

    default_code = "personal_data_damaged"
    default_action = "Tell your operator: what is stored for this order was changed after it was sealed."

    def __init__(self, field: str) -> None:
        super().__init__(f"The field '{field}' of this order is not what was stored.")


class OrderReference(NamedTuple):
    """Which order of the tenant in scope personal data belongs to."""

    connection_id: ConnectionId
    order_id: str


class Reading(NamedTuple):
    """Who reads, and what for: recorded in the audit trail.

    Attributes:
        actor: the member's id, or the name of the function.
        purpose: one of ``PURPOSES``.
    """

    actor: str
    purpose: str


@final
class PersonalData:
    """Personal data in memory: fields by name. It prints as nothing and refuses to be pickled."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def reveal(self) -> dict[str, str]:
        """Return the fields in clear: call it where they are shown or sealed, and nowhere else."""
        return dict(self._fields)

    @override
    def __repr__(self) -> str:
        return "PersonalData(hidden)"

    @override
    def __reduce__(self) -> str:
        raise TypeError("Personal data is never serialised by accident.")


class SealedRecord(PiiItem):
    """The personal data of one order, as ciphertext; ``sealed`` is JSON of field to base 64 of nonce and ciphertext."""

    KIND = "personal_data"

    expires_on = UnicodeAttribute()
    sealed = UnicodeAttribute()
    sealed_at = UnicodeAttribute()
    revision = UnicodeAttribute()


class WrappedKey(PiiKeyItem):
    """A data key as KMS wrapped it, and how many records lie under it."""

    KIND = "data_key"

    wrapped = BinaryAttribute(legacy_encoding=False)
    created_at = UnicodeAttribute()
    records = NumberAttribute()


class ExpiringKey(CoordinationItem):
    """That a data key was made and will have to be destroyed; holds no key.

    ``found`` is what the key covered, kept while it is being destroyed; ``noted`` is which one was noted as destroyed.
    """

    KIND = "expiring_key"

    tenant_id = UnicodeAttribute()
    expires_on = UnicodeAttribute()
    found = UnicodeAttribute(null=True)
    noted = UnicodeAttribute(null=True)


def expiry_day(reference: datetime) -> date:
    """Return the day (UTC) as which begins the life of personal data ends.

    Args:
        reference: when the order was delivered; not known, the latest delivery that was promised.
    """
    limit = reference.astimezone(UTC) + timedelta(days=DAYS_AFTER_DELIVERY)
    return (limit - BEFORE_THE_LIMIT).date()


def ends_at(expires_on: date) -> datetime:
    """Return the instant from which nothing of this day of expiry can be read: its midnight (UTC)."""
    return datetime(expires_on.year, expires_on.month, expires_on.day, tzinfo=UTC)


def put(  # noqa: PLR0913 - the parts of one write
    order: OrderReference,
    data: PersonalData,
    *,
    expires_on: date,
    source: str,
    clock: Clock,
    entropy: Entropy = os.urandom,
) -> bool:
    """Seal and store the personal data of one order of the tenant in scope, replacing what was there.

    Returns:
        False, with nothing stored, when its life would be over already.

    Raises:
        PersonalDataUnavailable: KMS or a table did not answer or refused. Nothing was stored in clear.
        Conflict: others changed the same record again and again.
    """
    if clock.now() >= ends_at(expires_on):
        destroy(order)
        return False
    with _Unavailable():
        for _ in range(_TRIES):
            before = SealedRecord.find(_place(order))
            if _store(order, data, before, expires_on, source, clock, entropy):
                return True
    raise Conflict("The buyer's data of this order is being changed by others.")


def read(order: OrderReference, reading: Reading, *, clock: Clock) -> PersonalData:
    """Return the personal data of one order of the tenant in scope, and record who read it and what for.

    Raises:
        InvalidInput: the purpose is none that personal data may be read for.
        NotFound: none is stored for this order.
        PersonalDataExpired: its time is over, or its key is gone.
        PersonalDataUnavailable: KMS or a table did not answer or refused.
        PersonalDataDamaged: what is stored is not what was sealed.
        NotRecorded: the audit trail can't be written, so nothing is shown.
    """
    if reading.purpose not in PURPOSES:
        raise InvalidInput(
            f"Personal data is not read for '{reading.purpose[:40]}'.",
            code="invalid_purpose",
            action=f"Name one of these purposes: {', '.join(PURPOSES)}.",
        )
    with _Unavailable():
        found = SealedRecord.find(_place(order))
    if found is None:
        _record(order, reading, "failed", "no_personal_data", clock)
        raise NotFound("No data of the buyer is kept for this order.", code="no_personal_data")
    try:
        with _Unavailable():
            opened = _open(order, found, clock)
    except QuaysideError as problem:
        _record(order, reading, "failed", problem.code, clock)
        raise
    _record(order, reading, "done", "shown", clock)
    return PersonalData(opened)


def redate(order: OrderReference, *, expires_on: date, clock: Clock, entropy: Entropy = os.urandom) -> bool:
    """Let the life of an order's personal data end with another day, because more is known of its delivery.

    It is sealed anew under the key of the new day; under the old one nothing is left in the table. A life that is over
    never comes back, and a new end that has passed destroys at once.

    Returns:
        whether something is stored for the order afterwards.

    Raises:
        PersonalDataUnavailable: KMS or a table did not answer or refused; everything is as it was.
        PersonalDataDamaged: what is stored is not what was sealed.
        Conflict: others changed the same record again and again.
    """
    with _Unavailable():
        for _ in range(_TRIES):
            before = SealedRecord.find(_place(order))
            if before is None:
                return False
            if before.expires_on == expires_on.isoformat():
                return clock.now() < ends_at(expires_on)
            if clock.now() >= ends_at(expires_on):
                destroy(order)
                return False
            try:
                data = PersonalData(_open(order, before, clock))
            except PersonalDataExpired:
                return False
            if _store(order, data, before, expires_on, before.source, clock, entropy):
                return True
    raise Conflict("The buyer's data of this order is being changed by others.")


def destroy(order: OrderReference) -> bool:
    """Delete the personal data of one order at once, as a cancelled order's; return whether there was any.

    Raises:
        PersonalDataUnavailable: a table did not answer or refused.
    """
    with _Unavailable():
        for _ in range(_TRIES):
            before = SealedRecord.find(_place(order))
            if before is None:
                return False
            if _remove(order, before):
                return True
    raise Conflict("The buyer's data of this order is being changed by others.")


def life_ends_on(order: OrderReference, *, clock: Clock) -> date | None:
    """Return the day as which begins the life of an order's personal data ends; None when none can be read any more."""
    with _Unavailable():
        found = SealedRecord.find(_place(order))
    if found is None:
        return None
    day = date.fromisoformat(found.expires_on)
    return day if clock.now() < ends_at(day) else None


class Kept(NamedTuple):
    """That personal data of an order is kept: until which day, and since when. It holds none of it."""

    order_id: str
    expires_on: date
    sealed_at: str
    source: str


class KeptPage(NamedTuple):
    """A page of what is kept; ``next_sort_key`` continues after it, None when this was the last."""

    kept: tuple[Kept, ...]
    next_sort_key: str | None


def kept_of(connection_id: ConnectionId, *, after: str | None = None, limit: int) -> KeptPage:
    """Return of which orders of a connection of the tenant in scope personal data is kept, by order id; none is read.

    Raises:
        PersonalDataUnavailable: the table did not answer or refused.
    """
    with _Unavailable():
        place = keys.personal_records(current_tenant(), connection_id)
        found = page(SealedRecord, place, prefix=keys.PERSONAL_RECORD, after=after, limit=limit, consistent=True)
    kept = [
        Kept(keys.order_of_personal_record(each.sk), date.fromisoformat(each.expires_on), each.sealed_at, each.source)
        for each in found.records
    ]
    return KeptPage(tuple(kept), found.next_sort_key)


# How records are stored, and how many lie under each key


def _place(order: OrderReference) -> keys.Key:
    return keys.personal_record(current_tenant(), order.connection_id, order.order_id)


def _store(  # noqa: PLR0913, PLR0917 - the parts of one write
    order: OrderReference,
    data: PersonalData,
    before: SealedRecord | None,
    expires_on: date,
    source: str,
    clock: Clock,
    entropy: Entropy,
) -> bool:
    """Write one record and count it under its key, both or neither; False when somebody else came first."""
    tenant_id = current_tenant()
    cipher = _data_keys().open(tenant_id, expires_on, clock, make=True)
    sealed = {
        field: base64.b64encode(_seal(cipher, text, _bound_to(tenant_id, order, field, expires_on), entropy)).decode()
        for field, text in data.reveal().items()
    }
    record = SealedRecord.at(
        _place(order),
        source=source,
        expires_on=expires_on.isoformat(),
        sealed=json.dumps(sealed, separators=(",", ":")),
        sealed_at=format_instant(clock.now()),
        revision=entropy(_NONCE_BYTES).hex(),
        # What is left after its key is gone is noise; DynamoDB clears it away.
        expires_at=epoch_seconds(ends_at(expires_on)),
    )
    unchanged = SealedRecord.pk.does_not_exist() if before is None else SealedRecord.revision == before.revision
    moved = before is None or before.expires_on != record.expires_on
    try:
        with _transaction() as transaction:
            transaction.save(record, condition=unchanged)
            if moved:
                _count(transaction, tenant_id, record.expires_on, 1)
                if before is not None:
                    _count_less(transaction, tenant_id, before)
    except TransactWriteError as problem:
        if _lost(problem):
            # The key may have been destroyed in between: the next try makes another, or finds the day over.
            _data_keys().forget(tenant_id, expires_on)
            return False
        raise
    return True


def _remove(order: OrderReference, before: SealedRecord) -> bool:
    tenant_id = current_tenant()
    try:
        with _transaction() as transaction:
            transaction.delete(before, condition=SealedRecord.revision == before.revision)
            _count_less(transaction, tenant_id, before)
    except TransactWriteError as problem:
        if _lost(problem):
            # Its key is gone already, so there is nothing to be counted: the noise alone is deleted.
            if SealedRecord.find(_place(order)) is None or _wrapped(tenant_id, before.expires_on) is not None:
                return False
            SealedRecord.remove(_place(order))
            return True
        raise
    return True


def _transaction() -> TransactWrite:
    return TransactWrite(connection=bound().connection("tenant"))


def _count(transaction: TransactWrite, tenant_id: TenantId, day: str, change: int) -> None:
    key = WrappedKey.at(keys.data_key(tenant_id, date.fromisoformat(day)))
    transaction.update(
        key, actions=[WrappedKey.records.set(WrappedKey.records + change)], condition=WrappedKey.pk.exists()
    )


def _count_less(transaction: TransactWrite, tenant_id: TenantId, before: SealedRecord) -> None:
    if _wrapped(tenant_id, before.expires_on) is not None:
        _count(transaction, tenant_id, before.expires_on, -1)


def _wrapped(tenant_id: TenantId, day: str) -> WrappedKey | None:
    return WrappedKey.find(keys.data_key(tenant_id, date.fromisoformat(day)))


def _lost(problem: TransactWriteError) -> bool:
    return any(
        reason is not None and reason.code in {"ConditionalCheckFailed", "TransactionConflict"}
        for reason in problem.cancellation_reasons
    )


# Sealing


def _bound_to(tenant_id: TenantId, order: OrderReference, field: str, expires_on: date) -> bytes:
    """Return what a field's ciphertext is bound to, so that it opens in its own place alone."""
    return json.dumps([tenant_id, order.connection_id, order.order_id, field, expires_on.isoformat()]).encode()


def _seal(cipher: "AESGCM", text: str, associated: bytes, entropy: Entropy) -> bytes:
    nonce = entropy(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text.encode(), associated)


def _open(order: OrderReference, found: SealedRecord, clock: Clock) -> dict[str, str]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see the module's words

    tenant_id = current_tenant()
    expires_on = date.fromisoformat(found.expires_on)
    cipher = _data_keys().open(tenant_id, expires_on, clock, make=False)
    opened: dict[str, str] = {}
    for field, text in json.loads(found.sealed).items():
        sealed = base64.b64decode(text)
        try:
            plain = cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(tenant_id, order, field, expires_on)
            )
        except (InvalidTag, ValueError) as problem:
            raise PersonalDataDamaged(field) from problem
        opened[field] = plain.decode()
    return opened


def _record(order: OrderReference, reading: Reading, outcome: Outcome, result: str, clock: Clock) -> None:
    details = {"purpose": reading.purpose, "connection": str(order.connection_id), "result": result}
    event = AuditEvent("personal_data.read", reading.actor, f"order/{order.order_id}", outcome, details)
    audit.append(event, clock=clock)


# Data keys


class _Cached(NamedTuple):
    cipher: "AESGCM"
    until: datetime


class _DataKeys:
    """Data keys in clear, by tenant and day: each saves a call of KMS, and none outlives its day."""

    def __init__(self) -> None:
        self._cached: OrderedDict[tuple[TenantId, date], _Cached] = OrderedDict()

    def open(self, tenant_id: TenantId, expires_on: date, clock: Clock, *, make: bool) -> "AESGCM":
        """Return the cipher of one day of the tenant in scope; ``make`` its key when there is none yet.

        Raises:
            PersonalDataExpired: the day has come, or there is no key.
        """
        now = clock.now()
        self._drop_what_is_over(now)
        if now >= ends_at(expires_on):
            raise PersonalDataExpired
        place = (tenant_id, expires_on)
        cached = self._cached.get(place)
        if cached is None:
            cipher = self._unwrapped(tenant_id, expires_on, clock, make=make)
            until = min(ends_at(expires_on), now + timedelta(seconds=CACHED_SECONDS))
            cached = self._cached[place] = _Cached(cipher, until)
            while len(self._cached) > CACHED_KEYS:
                self._cached.popitem(last=False)
        self._cached.move_to_end(place)
        return cached.cipher

    def forget(self, tenant_id: TenantId, expires_on: date) -> None:
        """Drop one key from memory."""
        self._cached.pop((tenant_id, expires_on), None)

    def _drop_what_is_over(self, now: datetime) -> None:
        for place in [place for place, cached in self._cached.items() if cached.until <= now]:
            del self._cached[place]

    def _unwrapped(self, tenant_id: TenantId, expires_on: date, clock: Clock, *, make: bool) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see the module's words

        found = _wrapped(tenant_id, expires_on.isoformat())
        if found is not None:
            return AESGCM(_unwrap(found.wrapped, tenant_id, expires_on))
        if not make:
            raise PersonalDataExpired
        store = bound()
        # First in the list of what will have to be destroyed: a key that is not listed would live on.
        day = expires_on.isoformat()
        listed = [ExpiringKey.tenant_id.set(tenant_id), ExpiringKey.expires_on.set(day)]
        write(ExpiringKey, keys.expiring_key(tenant_id, expires_on), listed, returning="NONE")
        made = store.tenant.kms.generate_data_key(
            KeyId=store.settings.pii_key_arn, KeySpec="AES_256", EncryptionContext=context_of(tenant_id, expires_on)
        )
        attributes: dict[str, dict[str, Any]] = {
            "wrapped": {"B": made["CiphertextBlob"]},
            "created_at": {"S": format_instant(clock.now())},
            "records": {"N": "0"},
        }
        written = create(WrappedKey, keys.data_key(tenant_id, expires_on), attributes)
        if written.applied:
            return AESGCM(made["Plaintext"])
        # Another function made one at the same time; there is one key a day.
        return AESGCM(_unwrap(_bytes_of(written.item["wrapped"]["B"]), tenant_id, expires_on))


def context_of(tenant_id: TenantId, expires_on: date) -> dict[str, str]:
    """Return the KMS encryption context of a data key."""
    return {"tenant_id": tenant_id, "expires_on": expires_on.isoformat(), "purpose": "personal_data"}


def _unwrap(wrapped: bytes, tenant_id: TenantId, expires_on: date) -> bytes:
    store = bound()
    answer = store.tenant.kms.decrypt(
        KeyId=store.settings.pii_key_arn, CiphertextBlob=wrapped, EncryptionContext=context_of(tenant_id, expires_on)
    )
    return answer["Plaintext"]


def _bytes_of(value: str | bytes) -> bytes:
    # An item that comes back with a failed condition was not decoded by pynamodb.
    return base64.b64decode(value) if isinstance(value, str) else value


_open_keys: WeakKeyDictionary[Store, _DataKeys] = WeakKeyDictionary()


def _data_keys() -> _DataKeys:
    return _open_keys.setdefault(bound(), _DataKeys())


class _Unavailable:
    """Turns whatever AWS refuses or does not answer into one clear error, without a word of what was in hand."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> None:
        if isinstance(problem, PynamoDBException | BotoCoreError | ClientError):
            raise PersonalDataUnavailable from cast("BaseException", problem)

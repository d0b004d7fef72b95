"""Credentials in and out of the Vault table: ciphertext under KMS, bound to what they are for.

Every ciphertext carries an encryption context (tenant, connection and purpose), so a token copied to another row or
another tenant can't be opened, and the key policy can compare the tenant with the session. Plain text exists only
inside a ``Secret``, whose ``repr`` shows nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, final, override

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from quayside.kernel.clock import Clock, epoch_seconds, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.keys import Key
from quayside.storage.tables import ApplicationVaultItem, VaultItem, write

REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a purpose
AUTHORIZATION_CODE = "authorization_code"
CLIENT_SECRET = "client_secret"  # noqa: S105 - the name of a purpose
ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a purpose

_LARGEST_PLAINTEXT = 4096  # bytes KMS encrypts directly


@final
class Secret:
    """A credential in memory. It prints as nothing, compares in constant time and refuses to be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the plain text: call it where it is sent, and nowhere else."""
        return self._value

    @override
    def __repr__(self) -> str:
        return "Secret(hidden)"

    @override
    def __eq__(self, other: object) -> bool:
        import hmac  # noqa: PLC0415 - only comparisons need it

        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    @override
    def __hash__(self) -> int:
        return hash(self._value)

    @override
    def __reduce__(self) -> str:
        raise TypeError("A secret is never serialised.")


class SealedCredential(VaultItem):
    """One credential of a connection, as KMS ciphertext; ``sealed_at`` is when it was encrypted, maybe anew."""

    KIND = "credential"

    purpose = UnicodeAttribute()
    ciphertext = BinaryAttribute(legacy_encoding=False)
    sealed_at = UnicodeAttribute()
    issued_at = UnicodeAttribute(null=True)


class SealedApplicationSecret(ApplicationVaultItem):
    """One credential of the application, as KMS ciphertext, and the one before it for as long as Amazon takes both.

    Instants are ISO 8601. ``sealed_at`` is when it was encrypted last, ``issued_at`` since when it is in use,
    ``valid_until`` until when Amazon takes it (absent: Amazon has not said), ``requested_at`` when a new one was
    asked for.
    """

    KIND = "application_secret"

    purpose = UnicodeAttribute()
    ciphertext = BinaryAttribute(legacy_encoding=False)
    sealed_at = UnicodeAttribute()
    issued_at = UnicodeAttribute(null=True)
    valid_until = UnicodeAttribute(null=True)
    previous_ciphertext = BinaryAttribute(legacy_encoding=False, null=True)
    previous_valid_until = UnicodeAttribute(null=True)
    requested_at = UnicodeAttribute(null=True)


class Purpose(NamedTuple):
    """What a tenant's ciphertext is bound to."""

    tenant_id: TenantId
    connection_id: ConnectionId
    purpose: str

    def context(self) -> dict[str, str]:
        """Return the KMS encryption context."""
        return {"tenant_id": self.tenant_id, "connection_id": self.connection_id, "purpose": self.purpose}


def seal(secret: Secret, purpose: Purpose) -> bytes:
    """Encrypt ``secret`` under the vault key for the tenant in scope.

    Raises:
        ValueError: the secret is longer than KMS takes in one piece.
        NoTenantInScope: no tenant is in scope.
        botocore.exceptions.ClientError: KMS refused, for example because another tenant is in scope.
    """
    store = bound()
    answer = store.tenant.kms.encrypt(
        KeyId=store.settings.vault_key_arn, Plaintext=_plaintext(secret), EncryptionContext=purpose.context()
    )
    return answer["CiphertextBlob"]


def unseal(ciphertext: bytes, purpose: Purpose) -> Secret:
    """Decrypt what ``seal`` returned for exactly the same purpose.

    Raises:
        NoTenantInScope: no tenant is in scope.
        botocore.exceptions.ClientError: KMS refused, because the purpose differs or this function may not decrypt.
    """
    store = bound()
    answer = store.tenant.kms.decrypt(
        KeyId=store.settings.vault_key_arn, CiphertextBlob=ciphertext, EncryptionContext=purpose.context()
    )
    return Secret(answer["Plaintext"].decode())


def _plaintext(secret: Secret) -> bytes:
    plaintext = secret.reveal().encode()
    if not 0 < len(plaintext) <= _LARGEST_PLAINTEXT:
        raise ValueError(f"A credential has from 1 to {_LARGEST_PLAINTEXT} bytes.")
    return plaintext


def _place(purpose: Purpose) -> Key:
    tenant_id, connection_id, name = purpose
    if name == REFRESH_TOKEN:
        return keys.refresh_token(tenant_id, connection_id)
    if name == AUTHORIZATION_CODE:
        return keys.authorization_code(tenant_id, connection_id)
    raise ValueError(f"The vault has no place for '{name}'.")


def put_credential(secret: Secret, purpose: Purpose, *, clock: Clock, lives_seconds: int | None = None) -> None:
    """Encrypt and store a refresh token or an authorisation code, replacing the one before.

    Args:
        secret: the credential.
        purpose: whose it is and what for.
        clock: says when it was sealed.
        lives_seconds: after how long it is worthless, so that nothing keeps it.
    """
    model = SealedCredential
    actions = [
        model.purpose.set(purpose.purpose),
        model.ciphertext.set(seal(secret, purpose)),
        model.sealed_at.set(format_instant(clock.now())),
        model.issued_at.set(format_instant(clock.now())),
    ]
    if lives_seconds is not None:
        actions.append(model.expires_at.set(epoch_seconds(clock.now()) + lives_seconds))
    write(model, _place(purpose), actions, source="amazon:lwa", returning="NONE")


def credential(purpose: Purpose, *, clock: Clock) -> Secret | None:
    """Read and decrypt a credential; None when there is none or its time is over."""
    found = SealedCredential.find(_place(purpose))
    if found is None or found.expired(clock.now()):
        return None
    return unseal(found.ciphertext, purpose)


class CredentialAge(NamedTuple):
    """When a credential was issued to us, and when it was encrypted last (ISO 8601)."""

    issued_at: str
    sealed_at: str


def credential_age(purpose: Purpose) -> CredentialAge | None:
    """Return how old a credential is, without decrypting it; None when there is none."""
    found = SealedCredential.find(_place(purpose))
    return None if found is None else CredentialAge(found.issued_at or found.sealed_at, found.sealed_at)


def rewrap(purpose: Purpose, *, clock: Clock) -> bool:
    """Encrypt a credential anew, under the present material of the vault key; it stays the same credential.

    Return False, and change nothing, when there is none or another took its place meanwhile.
    """
    place = _place(purpose)
    found = SealedCredential.find(place)
    if found is None or found.expired(clock.now()):
        return False
    model = SealedCredential
    actions = [
        model.ciphertext.set(seal(unseal(found.ciphertext, purpose), purpose)),
        model.sealed_at.set(format_instant(clock.now())),
        model.issued_at.set(model.issued_at | found.sealed_at),
    ]
    same = model.ciphertext == found.ciphertext
    return write(model, place, actions, same, source="amazon:lwa", returning="NONE").applied


def destroy_credential(purpose: Purpose) -> None:
    """Delete a credential at once; one that is not there is no error."""
    SealedCredential.remove(_place(purpose))


def destroy_credentials(tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Delete all credentials of a connection at once."""
    for name in (REFRESH_TOKEN, AUTHORIZATION_CODE):
        destroy_credential(Purpose(tenant_id, connection_id, name))


def _application_context(client_id: str, purpose: str) -> dict[str, str]:
    return {"application": client_id, "purpose": purpose}


def seal_for_application(secret: Secret, client_id: str, purpose: str) -> bytes:
    """Encrypt a credential of the application itself with the function's own role."""
    store = bound()
    answer = store.system.kms.encrypt(
        KeyId=store.settings.vault_key_arn,
        Plaintext=_plaintext(secret),
        EncryptionContext=_application_context(client_id, purpose),
    )
    return answer["CiphertextBlob"]


def unseal_for_application(ciphertext: bytes, client_id: str, purpose: str) -> Secret:
    """Decrypt what ``seal_for_application`` returned for the same application and purpose."""
    store = bound()
    answer = store.system.kms.decrypt(
        KeyId=store.settings.vault_key_arn,
        CiphertextBlob=ciphertext,
        EncryptionContext=_application_context(client_id, purpose),
    )
    return Secret(answer["Plaintext"].decode())


def put_client_secret(client_id: str, secret: Secret, *, clock: Clock) -> None:
    """Encrypt and store the client secret that an operator gives; nothing of the one before is kept."""
    model = SealedApplicationSecret
    actions: list[Action] = [
        *_sealed(client_id, secret, clock),
        model.issued_at.set(format_instant(clock.now())),
        *(gone.remove() for gone in (model.valid_until, model.previous_ciphertext, model.previous_valid_until)),
        model.requested_at.remove(),
    ]
    write(model, keys.client_secret(client_id), actions, source="operator", returning="NONE")


class IssuedSecret(NamedTuple):
    """A client secret that Amazon issued, and until when it takes the new one and the one before."""

    secret: Secret
    issued_at: datetime
    valid_until: datetime
    previous_valid_until: datetime


def rotate_client_secret(client_id: str, issued: IssuedSecret, *, clock: Clock) -> bool:
    """Encrypt and store a client secret that Amazon issued; the one in use stays at hand while Amazon takes it.

    Needs no right to decrypt. Newer wins: return False, and change nothing, when this one or a newer one is stored.
    """
    model = SealedApplicationSecret
    key = keys.client_secret(client_id)
    issued_at = format_instant(issued.issued_at)
    fresh: list[Action] = [
        *_sealed(client_id, issued.secret, clock),
        model.issued_at.set(issued_at),
        model.valid_until.set(format_instant(issued.valid_until)),
        model.requested_at.remove(),
    ]
    previous: list[Action] = [
        model.previous_ciphertext.set(model.ciphertext),
        model.previous_valid_until.set(format_instant(issued.previous_valid_until)),
    ]
    # Amazon's clock and ours may differ by minutes, and two rotations lie a week apart at least.
    newest = format_instant(issued.issued_at + _CLOCKS_DIFFER)
    newer = model.issued_at.does_not_exist() | ((model.issued_at < newest) & (model.issued_at != issued_at))
    written = write(
        model, key, [*fresh, *previous], model.pk.exists() & newer, source="amazon:application", returning="NONE"
    )
    if not written.applied and not written.item:
        written = write(model, key, fresh, model.pk.does_not_exist(), source="amazon:application", returning="NONE")
    return written.applied


def _sealed(client_id: str, secret: Secret, clock: Clock) -> list[Action]:
    model = SealedApplicationSecret
    return [
        model.purpose.set(CLIENT_SECRET),
        model.ciphertext.set(seal_for_application(secret, client_id, CLIENT_SECRET)),
        model.sealed_at.set(format_instant(clock.now())),
    ]


class ClientSecretState(NamedTuple):
    """What is known of the application's client secret without decrypting it. Instants."""

    issued_at: datetime
    sealed_at: datetime
    valid_until: datetime | None
    previous_valid_until: datetime | None
    requested_at: datetime | None


def client_secret_state(client_id: str) -> ClientSecretState | None:
    """Return what is known of the client secret, without decrypting it; None when none was put."""
    found = SealedApplicationSecret.find(keys.client_secret(client_id))
    if found is None:
        return None
    sealed_at = parse_instant(found.sealed_at)
    return ClientSecretState(
        parse_instant(found.issued_at) if found.issued_at else sealed_at,
        sealed_at,
        parse_instant(found.valid_until) if found.valid_until else None,
        parse_instant(found.previous_valid_until) if found.previous_valid_until else None,
        parse_instant(found.requested_at) if found.requested_at else None,
    )


def client_secrets(client_id: str, now: datetime) -> Sequence[Secret]:
    """Read and decrypt the application's client secrets with the function's own role, the one in use first.

    There are two for the week in which Amazon takes both, and none when none was put.
    """
    found = SealedApplicationSecret.find(keys.client_secret(client_id))
    if found is None:
        return ()
    ciphertexts = [found.ciphertext]
    if found.previous_ciphertext and found.previous_valid_until and format_instant(now) < found.previous_valid_until:
        ciphertexts.append(found.previous_ciphertext)
    return tuple(unseal_for_application(each, client_id, CLIENT_SECRET) for each in ciphertexts)


def note_client_secret_expiry(client_id: str, valid_until: datetime) -> None:
    """Take note of until when Amazon takes the client secret in use; nothing happens when none was put."""
    model = SealedApplicationSecret
    actions = [model.valid_until.set(format_instant(valid_until))]
    key = keys.client_secret(client_id)
    write(model, key, actions, model.pk.exists(), source="amazon:application", returning="NONE")


def mark_rotation(client_id: str, now: datetime, *, again_after: timedelta) -> bool:
    """Take note that a new client secret is asked for; return False when it was already, less than so long ago."""
    model = SealedApplicationSecret
    before = format_instant(now - again_after)
    condition = model.pk.exists() & (model.requested_at.does_not_exist() | (model.requested_at <= before))
    actions = [model.requested_at.set(format_instant(now))]
    return write(model, keys.client_secret(client_id), actions, condition, returning="NONE").applied


def unmark_rotation(client_id: str) -> None:
    """Take note that no new client secret was asked for after all."""
    model = SealedApplicationSecret
    write(model, keys.client_secret(client_id), [model.requested_at.remove()], model.pk.exists(), returning="NONE")


def rewrap_client_secret(client_id: str, *, clock: Clock) -> bool:
    """Encrypt the client secret in use anew; False when there is none or another took its place meanwhile.

    The one before it is gone within a week, so it stays as it is.
    """
    key = keys.client_secret(client_id)
    found = SealedApplicationSecret.find(key)
    if found is None:
        return False
    model = SealedApplicationSecret
    secret = unseal_for_application(found.ciphertext, client_id, CLIENT_SECRET)
    actions = [*_sealed(client_id, secret, clock), model.issued_at.set(model.issued_at | found.sealed_at)]
    same = model.ciphertext == found.ciphertext
    return write(model, key, actions, same, source="quayside", returning="NONE").applied


def key_rotated_at() -> datetime | None:
    """Return when KMS last gave the vault key new material by its schedule; None when KMS does not say.

    A rotation on demand is not told: whoever asks for one asks for the credentials to be encrypted anew as well.
    """
    store = bound()
    # Its types promise both, but KMS leaves them out where a key is not rotated.
    answer: dict[str, Any] = dict(store.system.kms.get_key_rotation_status(KeyId=store.settings.vault_key_arn))
    following, period = answer.get("NextRotationDate"), answer.get("RotationPeriodInDays")
    return None if following is None or period is None else following - timedelta(days=period)


_CLOCKS_DIFFER = timedelta(minutes=10)

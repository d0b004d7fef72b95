"""Credentials in and out of the Vault table: ciphertext under KMS, bound to what they are for.

Every ciphertext carries an encryption context (tenant, connection and purpose), so a token copied to another row or
another tenant can't be opened, and the key policy can compare the tenant with the session. Plain text exists only
inside a ``Secret``, whose ``repr`` shows nothing.
"""

from typing import NamedTuple, final, override

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from quayside.kernel.clock import Clock, epoch_seconds, format_instant
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
    """One credential of a connection, as KMS ciphertext."""

    KIND = "credential"

    purpose = UnicodeAttribute()
    ciphertext = BinaryAttribute(legacy_encoding=False)
    sealed_at = UnicodeAttribute()


class SealedApplicationSecret(ApplicationVaultItem):
    """One credential of the application, as KMS ciphertext."""

    KIND = "application_secret"

    purpose = UnicodeAttribute()
    ciphertext = BinaryAttribute(legacy_encoding=False)
    sealed_at = UnicodeAttribute()


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


def credential_sealed_at(purpose: Purpose) -> str | None:
    """Return when a credential was stored (ISO 8601), without decrypting it; None when there is none."""
    found = SealedCredential.find(_place(purpose))
    return None if found is None else found.sealed_at


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
    """Encrypt and store the application's client secret with the caller's own role."""
    model = SealedApplicationSecret
    actions = [
        model.purpose.set(CLIENT_SECRET),
        model.ciphertext.set(seal_for_application(secret, client_id, CLIENT_SECRET)),
        model.sealed_at.set(format_instant(clock.now())),
    ]
    write(model, keys.client_secret(client_id), actions, source="operator", returning="NONE")


class ClientSecret(NamedTuple):
    """The application's client secret and since when it is in use."""

    secret: Secret
    sealed_at: str


def client_secret(client_id: str) -> ClientSecret | None:
    """Read and decrypt the application's client secret with the function's own role; None when none was put."""
    found = SealedApplicationSecret.find(keys.client_secret(client_id))
    if found is None:
        return None
    return ClientSecret(unseal_for_application(found.ciphertext, client_id, CLIENT_SECRET), found.sealed_at)


def client_secret_sealed_at(client_id: str) -> str | None:
    """Return since when the client secret is in use, without decrypting it; None when none was put."""
    found = SealedApplicationSecret.find(keys.client_secret(client_id))
    return None if found is None else found.sealed_at

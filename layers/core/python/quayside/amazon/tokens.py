"""The token broker: access tokens cached as ciphertext in Coordination, shared by all functions, fetched once.

A token is renewed five minutes before it expires by whoever gets the lease; the others go on with the old one. Nobody
waits: when there is no usable token and somebody else holds the lease, the command goes back to the queue.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError

from quayside.amazon.errors import AmazonError, Busy, OurSecretInvalid, TenantBlocked
from quayside.amazon.oauth import AccessToken, LoginWithAmazon
from quayside.amazon.transport import Transport
from quayside.kernel.clock import Clock, epoch_milliseconds, epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId, TenantId, new_id
from quayside.kernel.settings import Settings
from quayside.storage import audit, blocks, keys, vault
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.keys import Key
from quayside.storage.tables import CoordinationItem, condition_failed, write
from quayside.storage.vault import Purpose, Secret

REFRESH_BEFORE = timedelta(minutes=5)
USABLE_BEFORE = timedelta(seconds=30)
"""A token that ends sooner could expire on its way to Amazon."""
LEASE_SECONDS = 20
SECRET_SECONDS = 300
"""How long a process believes in the client secret it read: a rotation shows within this time."""
BLOCK_SECONDS = 5
"""How long a process believes that a tenant is not blocked: work that is under way ends within this time."""
_CACHED = 512


class NoGrant(AmazonError):
    """There is no refresh token: the connection was disconnected, or never completed."""


class CachedToken(CoordinationItem):
    """An access token as ciphertext; ``expires_at`` is when Amazon stops taking it."""

    KIND = "access_token"

    ciphertext = BinaryAttribute(legacy_encoding=False)


class Lease(CoordinationItem):
    """Who may do something that only one may do at a time, and until when."""

    KIND = "lease"

    holder = UnicodeAttribute()


class _Cached(NamedTuple):
    token: Secret
    expires_at: datetime


class _Secrets(NamedTuple):
    values: Sequence[Secret]
    believed_until: datetime


def take_lease(name: str, seconds: int, *, clock: Clock, entropy: Callable[[int], bytes]) -> str | None:
    """Take a lease for ``seconds``; return what proves it, or None when somebody else has it."""
    holder = new_id(entropy)
    now = epoch_seconds(clock.now())
    written = write(
        Lease,
        keys.lease(name),
        [Lease.holder.set(holder), Lease.expires_at.set(now + seconds)],
        Lease.pk.does_not_exist() | (Lease.expires_at <= now),
        returning="NONE",
    )
    return holder if written.applied else None


def give_lease_back(name: str, holder: str) -> None:
    """Give a lease back early; one that was lost meanwhile is left alone."""
    key = keys.lease(name)
    try:
        Lease.at(key, holder=holder).delete(condition=Lease.holder == holder)
    except DeleteError as problem:
        if not condition_failed(problem):
            raise


def forget_access_token(tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Delete the cached access token of a connection at once, for all functions."""
    CachedToken.remove(keys.access_token(tenant_id, connection_id))


class TokenBroker:
    """Hands out access tokens; the only way to one.

    Args:
        settings: the application.
        transport: how Login with Amazon is reached.
        clock: the time.
        entropy: randomness for lease holders.
    """

    def __init__(self, settings: Settings, transport: Transport, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self._settings = settings
        self._clock = clock
        self._entropy = entropy
        self._memory: OrderedDict[Key, _Cached] = OrderedDict()
        self._secrets: _Secrets | None = None
        self._not_blocked: OrderedDict[TenantId, datetime] = OrderedDict()
        self.login = LoginWithAmazon(settings, transport, self._client_secrets)

    def access_token(self, tenant_id: TenantId, connection_id: ConnectionId) -> Secret:
        """Return a usable access token of a connection, for the tenant in scope.

        Raises:
            TenantBlocked: the operator has blocked the tenant.
            NoGrant: the connection has no refresh token.
            Revoked: the seller has withdrawn the authorisation.
            OurSecretInvalid: Login with Amazon refuses our credentials, or none were ever set.
            Busy: another function is fetching it.
            AmazonUnavailable: Login with Amazon does not answer.
        """
        self._refuse_blocked(tenant_id)
        purpose = Purpose(tenant_id, connection_id, vault.ACCESS_TOKEN)

        def fetch() -> AccessToken:
            grant = Purpose(tenant_id, connection_id, vault.REFRESH_TOKEN)
            refresh_token = vault.credential(grant, clock=self._clock)
            if refresh_token is None:
                raise NoGrant("the connection has no refresh token", operation="token.refresh")
            access = self.login.refresh(refresh_token)
            # An access token lives for an hour, so this is one entry per connection and hour, not one per call.
            audit.append(AuditEvent("credential.used", "sync_worker", f"connection/{connection_id}"), clock=self._clock)
            return access

        return self._token(
            keys.access_token(tenant_id, connection_id),
            fetch,
            lambda token: vault.seal(token, purpose),
            lambda ciphertext: vault.unseal(ciphertext, purpose),
        )

    def application_token(self, scope: str) -> Secret:
        """Return a usable access token of the application, for grantless operations.

        Raises:
            OurSecretInvalid: Login with Amazon refuses our credentials, or none were ever set.
            Busy: another function is fetching it.
            AmazonUnavailable: Login with Amazon does not answer.
        """
        client_id = self._settings.lwa_client_id
        return self._token(
            keys.application_token(client_id, scope),
            lambda: self.login.application_token(scope),
            lambda token: vault.seal_for_application(token, client_id, vault.ACCESS_TOKEN),
            lambda ciphertext: vault.unseal_for_application(ciphertext, client_id, vault.ACCESS_TOKEN),
        )

    def keep(self, tenant_id: TenantId, connection_id: ConnectionId, access: AccessToken) -> None:
        """Cache an access token that came with a fresh grant."""
        purpose = Purpose(tenant_id, connection_id, vault.ACCESS_TOKEN)
        self._store(keys.access_token(tenant_id, connection_id), access, lambda token: vault.seal(token, purpose))

    def discard(self, tenant_id: TenantId, connection_id: ConnectionId) -> None:
        """Drop the access token of a connection for all functions, so that the next call fetches a new one."""
        self._memory.pop(keys.access_token(tenant_id, connection_id), None)
        forget_access_token(tenant_id, connection_id)

    def _refuse_blocked(self, tenant_id: TenantId) -> None:
        now = self._clock.now()
        known = self._not_blocked.get(tenant_id)
        if known is not None and timedelta(0) <= now - known < timedelta(seconds=BLOCK_SECONDS):
            return
        if blocks.block_of(tenant_id) is not None:
            self._not_blocked.pop(tenant_id, None)
            raise TenantBlocked("the operator has blocked this organisation", operation="token")
        self._not_blocked[tenant_id] = now
        self._not_blocked.move_to_end(tenant_id)
        while len(self._not_blocked) > _CACHED:
            self._not_blocked.popitem(last=False)

    def _token(
        self,
        key: Key,
        fetch: Callable[[], AccessToken],
        seal: Callable[[Secret], bytes],
        unseal: Callable[[bytes], Secret],
    ) -> Secret:
        known = self._memory.get(key)
        if known is not None and self._lives(known, REFRESH_BEFORE):
            self._memory.move_to_end(key)
            return known.token
        known = self._shared(key, unseal)
        if known is not None and self._lives(known, REFRESH_BEFORE):
            return self._remember(key, known).token
        lease = f"token:{key.pk}"
        holder = take_lease(lease, LEASE_SECONDS, clock=self._clock, entropy=self._entropy)
        if holder is None:
            if known is not None and self._lives(known, USABLE_BEFORE):
                return known.token
            raise Busy("another function is fetching this token", operation="token")
        try:
            # Somebody may have finished between our read and our lease.
            fresh = self._shared(key, unseal)
            if fresh is not None and self._lives(fresh, REFRESH_BEFORE):
                return self._remember(key, fresh).token
            return self._store(key, fetch(), seal).token
        except OurSecretInvalid:
            self._secrets = None  # a rotation may have put a new one: read it again at the next try
            raise
        finally:
            give_lease_back(lease, holder)

    def _lives(self, cached: _Cached, margin: timedelta) -> bool:
        return cached.expires_at - margin > self._clock.now()

    def _shared(self, key: Key, unseal: Callable[[bytes], Secret]) -> _Cached | None:
        found = CachedToken.find(key)
        if found is None or found.expired(self._clock.now()):
            return None
        return _Cached(unseal(found.ciphertext), from_epoch_seconds(int(found.expires_at or 0)))

    def _store(self, key: Key, access: AccessToken, seal: Callable[[Secret], bytes]) -> _Cached:
        expires_at = epoch_milliseconds(self._clock.now()) // 1000 + access.expires_in_seconds
        model = CachedToken
        write(
            model,
            key,
            [model.ciphertext.set(seal(access.token)), model.expires_at.set(expires_at)],
            source="amazon:lwa",
            returning="NONE",
        )
        return self._remember(key, _Cached(access.token, from_epoch_seconds(expires_at)))

    def _remember(self, key: Key, cached: _Cached) -> _Cached:
        self._memory[key] = cached
        self._memory.move_to_end(key)
        while len(self._memory) > _CACHED:
            self._memory.popitem(last=False)
        return cached

    def _client_secrets(self) -> Sequence[Secret]:
        """Return the client secret in use and, while Amazon takes both, the one before it."""
        now = self._clock.now()
        if self._secrets is None or self._secrets.believed_until <= now:
            found = vault.client_secrets(self._settings.lwa_client_id, now)
            if not found:
                raise OurSecretInvalid(
                    "no client secret was set for the application: quayside application set-secret", operation="token"
                )
            self._secrets = _Secrets(found, now + timedelta(seconds=SECRET_SECONDS))
        return self._secrets.values

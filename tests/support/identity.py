"""An identity provider in memory, with the promises of the port."""

import base64
import json
from dataclasses import dataclass, field

from quayside.accounts.store import ChallengeName, NextStep, Tokens
from quayside.kernel.clock import Clock, epoch_seconds
from quayside.kernel.errors import Conflict, InvalidInput, RateLimited, Unauthenticated
from quayside.kernel.ids import TenantId

CODE = "123456"
CLIENT_ID = "quayside-web"
"""The app client of the product, which its tokens are made for."""
_ATTEMPTS_BEFORE_LOCK_OUT = 5


@dataclass
class Account:
    """One account of the pool."""

    subject: str
    email: str
    password: str
    name: str
    confirmed: bool = False
    tenant_id: str | None = None
    groups: tuple[str, ...] = ()
    authenticator: bool = False
    failed_attempts: int = 0
    sessions: dict[str, int] = field(default_factory=dict)


class FakeIdentityProvider:
    """Accounts in a dictionary; every code that is right is ``CODE``, and ``sent`` tells to whom codes went."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.client_id = CLIENT_ID
        self.accounts: dict[str, Account] = {}
        self.sent: list[str] = []
        self._challenges: dict[str, str] = {}
        self._count = 0

    def _next(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def sign_up(self, email: str, password: str, name: str) -> str | None:
        if email in self.accounts:
            self.resend_code(email)
            return None
        self.accounts[email] = Account(self._next("subject"), email, password, name)
        self.sent.append(email)
        return self.accounts[email].subject

    def confirm(self, email: str, code: str) -> None:
        account = self.accounts.get(email)
        if account is None or account.confirmed or code != CODE:
            raise InvalidInput("That code is not right, or it was used already.", code="wrong_code")
        account.confirmed = True

    def resend_code(self, email: str) -> None:
        account = self.accounts.get(email)
        if account is not None and not account.confirmed:
            self.sent.append(email)

    def sign_in(self, email: str, password: str) -> Tokens | NextStep:
        account = self.accounts.get(email)
        if account is not None and account.failed_attempts >= _ATTEMPTS_BEFORE_LOCK_OUT:
            raise RateLimited("There were too many attempts.", code="locked_out")
        if account is None or account.password != password:
            if account is not None:
                account.failed_attempts += 1
            raise Unauthenticated("The e-mail address or the password is not right.", code="wrong_credentials")
        if not account.confirmed:
            raise Conflict("Your e-mail address is not confirmed yet.", code="email_not_confirmed")
        account.failed_attempts = 0
        if account.authenticator:
            session = self._next("challenge")
            self._challenges[session] = email
            return NextStep("SOFTWARE_TOKEN_MFA", session)
        return self._start(account)

    def answer(self, email: str, challenge: ChallengeName, session: str, answer: str) -> Tokens | NextStep:
        del challenge
        if self._challenges.pop(session, None) != email:
            raise Unauthenticated("This sign-in took too long.", code="challenge_over")
        if answer != CODE:
            raise InvalidInput("That code is not right, or it was used already.", code="wrong_code")
        return self._start(self.accounts[email])

    def _start(self, account: Account) -> Tokens:
        refresh_token = self._next("refresh")
        account.sessions[refresh_token] = epoch_seconds(self.clock.now())
        return self._tokens(account, refresh_token, with_refresh=True)

    def _tokens(self, account: Account, refresh_token: str, *, with_refresh: bool) -> Tokens:
        return Tokens(
            self.id_token(account, account.sessions[refresh_token]),
            f"access:{account.email}",
            refresh_token if with_refresh else None,
            3600,
        )

    def claims(self, account: Account, auth_time: int) -> dict[str, object]:
        """Return the claims of an account as a token carries them."""
        claims: dict[str, object] = {
            "sub": account.subject,
            "cognito:username": account.subject,
            "email": account.email,
            "name": account.name,
            "token_use": "id",
            "aud": self.client_id,
            "auth_time": str(auth_time),
        }
        if account.tenant_id:
            claims["custom:tenant_id"] = account.tenant_id
        if account.groups:
            claims["cognito:groups"] = ",".join(account.groups)
        return claims

    def id_token(self, account: Account, auth_time: int) -> str:
        """Return an unsigned token with the claims of an account."""
        payload = base64.urlsafe_b64encode(json.dumps(self.claims(account, auth_time)).encode()).decode().rstrip("=")
        return f"e30.{payload}.unsigned"

    def _by_refresh(self, refresh_token: str) -> Account:
        for account in self.accounts.values():
            if refresh_token in account.sessions:
                return account
        raise Unauthenticated("Your session has ended.", code="session_over")

    def refresh(self, refresh_token: str) -> Tokens:
        return self._tokens(self._by_refresh(refresh_token), refresh_token, with_refresh=False)

    def revoke(self, refresh_token: str) -> None:
        for account in self.accounts.values():
            account.sessions.pop(refresh_token, None)

    def _by_username(self, username: str) -> Account:
        return next(account for account in self.accounts.values() if username in (account.subject, account.email))

    def end_all_sessions(self, username: str) -> None:
        self._by_username(username).sessions.clear()

    def forgot_password(self, email: str) -> None:
        account = self.accounts.get(email)
        if account is not None and account.confirmed:
            self.sent.append(email)

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        account = self.accounts.get(email)
        if account is None or code != CODE or email not in self.sent:
            raise InvalidInput("That code is not right, or it was used already.", code="wrong_code")
        account.password = new_password
        account.failed_attempts = 0

    def begin_authenticator(self, access_token: str) -> str:
        del access_token
        return "JBSWY3DPEHPK3PXP"

    def check_authenticator(self, access_token: str, code: str) -> None:
        del access_token
        if code != CODE:
            raise InvalidInput("That code is not right, or it was used already.", code="wrong_code")

    def switch_authenticator(self, username: str, *, on: bool) -> None:
        self._by_username(username).authenticator = on

    def assign_tenant(self, username: str, tenant_id: TenantId) -> None:
        self._by_username(username).tenant_id = tenant_id

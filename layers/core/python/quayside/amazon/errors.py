"""What can go wrong between Quayside and Amazon, by whose turn it is to act.

Every fault that Amazon's API or Login with Amazon shows ends in one of these, so the worker chooses its behaviour by
type and never by the text of a message.
"""


class AmazonError(Exception):
    """A call to Amazon did not bring what was asked for.

    Attributes:
        operation: which call it was.
        status: HTTP status, None when there was no answer at all.
        request_id: Amazon's id of the request, to quote to their support; empty when there was none.
        codes: Amazon's error codes.
        said: Amazon's own words, at most 300 characters.
    """

    def __init__(
        self,
        said: str,
        *,
        operation: str,
        status: int | None = None,
        request_id: str = "",
        codes: tuple[str, ...] = (),
    ) -> None:
        self.said = said[:300]
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.codes = codes
        super().__init__(f"{operation}: {self.said or 'no explanation'} (status {status}, request {request_id or '-'})")


class Throttled(AmazonError):
    """429: the quota is used up. The ledger learns from it and the command gets a new slot."""


class AmazonUnavailable(AmazonError):
    """Amazon's fault or the network's: no answer, 5xx, a redirect, or a body that is not what was promised."""


class RequestRejected(AmazonError):
    """Amazon understood and refused. Sending the same again would be refused again."""


class AccessRefused(RequestRejected):
    """401 or 403: Amazon does not let this call through.

    As itself it is a 403 that gives no code of Amazon's, for example of the gateway in front of the API.
    """


class TokenRefused(AccessRefused):
    """401: it is the access token that Amazon does not take."""


class RoleMissing(AccessRefused):
    """403 with a code of Amazon's: the seller or Amazon has not granted the role that the call needs.

    Amazon words a token that died early just so, in the same code. Only what a fresh token is refused with is really
    the role.
    """


class RoleSilent(RequestRejected):
    """A success that leaves out what Amazon shows to those alone who have the role for personal data.

    The Orders API 2026-01-01 refuses nothing in that case, so only what is missing tells (reference/sp-api.md, 4).
    """


class Revoked(AmazonError):
    """The seller has withdrawn the authorisation: the refresh token is no longer a grant."""


class TenantBlocked(AmazonError):
    """The operator has blocked the tenant: no call is made for it until the block is lifted."""


class CodeRefused(AmazonError):
    """The authorisation code was used already, has expired, or was never issued to this application."""


class OurSecretInvalid(AmazonError):
    """Login with Amazon refuses our own credentials. Our fault: no seller is disconnected for it."""


class UnexpectedAnswer(AmazonUnavailable):
    """A successful answer whose body is not what Amazon's model promises."""


class AddressExpired(AmazonUnavailable):
    """The address of a document is no longer good, five minutes after it was given: ask for a new one."""


class Busy(AmazonError):
    """Another function is doing exactly this right now; it will be done in a second or two."""

"""Commands about credentials: a connection's and the application's own."""

from typing import TYPE_CHECKING

from quayside.compliance import credentials_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import ApplicationUse, Kind
    from quayside.sync.service import ApplicationUseCase, UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {"credential.review": credentials_service.review_credential}

APPLICATION_USE_CASES: "Mapping[ApplicationUse, ApplicationUseCase]" = {
    "client_secret.review": credentials_service.review_client_secret,
    "client_secret.rotate": credentials_service.rotate_client_secret,
}

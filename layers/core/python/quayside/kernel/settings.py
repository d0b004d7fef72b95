"""Settings: the environment of a function, read once and validated as a whole.

Nothing reads ``os.environ`` at import. A composition root calls ``load_settings(os.environ, "core_table", …)`` and
passes the result on; what a function does not use stays at its default.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

MAXIMUM_HISTORY_DAYS = 730
"""Amazon gives orders of the last two years. What it gave is kept for 18 months from its receipt (DPP 1.7)."""


class InvalidSettings(ValueError):
    """The environment lacks a setting or holds one that can't be used. Names them all, never their values."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment says; each field is the lower-case name of its variable. Empty text means "not set"."""

    quayside_stage: str = "local"
    aws_region: str = ""
    core_table: str = ""
    pii_table: str = ""
    pii_keys_table: str = ""
    vault_table: str = ""
    audit_table: str = ""
    coordination_table: str = ""
    idempotency_table: str = ""
    intake_queue_url: str = ""
    intake_queue_arn: str = ""
    intake_dead_letter_queue_url: str = ""
    work_queue_url: str = ""
    compliance_queue_url: str = ""
    raw_bucket: str = ""
    exports_bucket: str = ""
    uploads_bucket: str = ""
    documents_bucket: str = ""
    audit_bucket: str = ""
    vault_key_arn: str = ""
    data_key_arn: str = ""
    pii_key_arn: str = ""
    proof_key_arn: str = ""
    tenant_role_arn: str = ""
    # The tenant roles that the canary tries, separated by commas.
    canary_role_arns: str = ""
    user_pool_id: str = ""
    user_pool_client_id: str = ""
    mfa_mode: Literal["optional", "required"] = "required"
    trial_days: int = 7
    history_days: int = MAXIMUM_HISTORY_DAYS
    amazon_application_id: str = ""
    # Where Amazon sends sellers back to; empty means the first address that is registered for the application.
    amazon_redirect_uri: str = ""
    amazon_application_stage: Literal["draft", "published"] = "published"
    lwa_client_id: str = ""
    lwa_token_url: str = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address, no secret
    sp_api_endpoint_na: str = "https://sellingpartnerapi-na.amazon.com"
    sp_api_endpoint_eu: str = "https://sellingpartnerapi-eu.amazon.com"
    sp_api_endpoint_fe: str = "https://sellingpartnerapi-fe.amazon.com"
    # Suffixes of the hosts of Amazon's report documents, separated by commas: S3 in the regions where the API lives.
    report_document_hosts: str = (
        ".s3.amazonaws.com,.s3-external-1.amazonaws.com,.s3.us-east-1.amazonaws.com,.s3-eu-west-1.amazonaws.com,"
        ".s3.eu-west-1.amazonaws.com,.s3-us-west-2.amazonaws.com,.s3.us-west-2.amazonaws.com"
    )
    consent_url_template: str = "https://{host}/apps/authorize/consent"
    powertools_service_name: str = "quayside"
    powertools_metrics_namespace: str = "Quayside"
    log_level: str = "INFO"
    aws_connect_timeout_seconds: float = 2.0
    aws_read_timeout_seconds: float = 5.0
    aws_attempts: int = 3
    amazon_connect_timeout_seconds: float = 2.0
    amazon_read_timeout_seconds: float = 10.0


def load_settings(environ: Mapping[str, str], *required: str) -> Settings:
    """Build the settings from ``environ``.

    Args:
        environ: the environment; names are the upper-case field names.
        required: names of fields that must be set and not empty.

    Raises:
        InvalidSettings: a required setting is missing, or one has a value that can't be used.
    """
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    unknown = [name for name in required if name not in fields]
    if unknown:
        raise InvalidSettings(f"No such settings: {', '.join(unknown)}.")
    given = {name: environ[name.upper()] for name in fields if environ.get(name.upper(), "") != ""}
    # Lambda sets both names; tools outside Lambda usually set only the second.
    given.setdefault("aws_region", environ.get("AWS_DEFAULT_REGION", ""))
    missing = [name.upper() for name in required if not given.get(name)]
    if missing:
        raise InvalidSettings(f"These settings are missing: {', '.join(missing)}.")
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as problem:
        raise InvalidSettings(f"A setting can't be used: {problem}.") from problem
    if not 1 <= settings.history_days <= MAXIMUM_HISTORY_DAYS:
        raise InvalidSettings(f"HISTORY_DAYS must be from 1 to {MAXIMUM_HISTORY_DAYS}.")
    return settings

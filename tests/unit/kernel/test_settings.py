import msgspec
import pytest

from quayside.kernel.settings import InvalidSettings, Settings, load_settings


def test_settings_come_from_the_environment_with_defaults_for_the_rest() -> None:
    settings = load_settings(
        {"CORE_TABLE": "core", "TRIAL_DAYS": "14", "AWS_DEFAULT_REGION": "eu-west-1"}, "core_table"
    )
    assert (settings.core_table, settings.trial_days, settings.aws_region) == ("core", 14, "eu-west-1")
    assert settings.sp_api_endpoint_eu == "https://sellingpartnerapi-eu.amazon.com"
    assert settings.mfa_mode == "required"


def test_lambdas_own_region_wins() -> None:
    assert load_settings({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}).aws_region == "us-west-2"


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(InvalidSettings, match="CORE_TABLE, VAULT_TABLE"):
        load_settings({"CORE_TABLE": ""}, "core_table", "vault_table")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRIAL_DAYS", "soon"),
        ("MFA_MODE", "off"),
        ("HISTORY_DAYS", "731"),
        ("HISTORY_DAYS", "0"),
        ("AWS_ATTEMPTS", "x"),
    ],
)
def test_settings_that_can_not_be_used_are_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings({name: value})
    assert name in str(refused.value).upper()


def test_a_setting_that_does_not_exist_can_not_be_required() -> None:
    with pytest.raises(InvalidSettings, match="colour"):
        load_settings({}, "colour")


def test_no_secret_has_a_place_in_the_environment() -> None:
    names = {field.name for field in msgspec.structs.fields(Settings)}
    assert not [name for name in names if "secret" in name or "password" in name or name.endswith("_token")]

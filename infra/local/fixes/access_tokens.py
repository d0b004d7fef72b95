"""A route without scopes takes an identity token only.

Gap: MiniStack's Cognito authoriser lets an access token pass any route. On AWS, when a method names no
authorisation scopes the token is treated as an identity token, and an access token gets 401.
Source: API Gateway developer guide, "Integrate a REST API with a user pool" (scopes).
"""

from infra.local.patching import part, replace_text

NAME = "access_tokens"


def apply() -> None:
    """Refuse tokens whose ``token_use`` is not ``id`` where no scope is asked for."""
    replace_text(
        NAME,
        part("services.apigateway_v1"),
        "_validate_cognito_authorizer",
        (
            "    if required_scopes:\n",
            (
                '    if not required_scopes and claims.get("token_use") != "id":\n'
                '        return None, _gw_error("UNAUTHORIZED", "Unauthorized")\n'
                "    if required_scopes:\n"
            ),
        ),
    )

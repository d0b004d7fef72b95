"""IAM policy variables such as ``${aws:PrincipalTag/tenant_id}`` in conditions and resources.

Gap: MiniStack compares the text ``${…}`` itself, so a policy written for one tenant's session never matches.
AWS puts the request's value in its place; a statement whose variable has no value does not match.
Source: IAM user guide, "IAM policy elements: Variables and tags".
"""

import re
from typing import Any

from infra.local.patching import expect, part, replace_text

NAME = "policy_variables"

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
# No request value holds a NUL, so a pattern with one matches nothing.
_MATCHES_NOTHING = "\0"


def apply() -> None:
    """Resolve variables before values are compared."""
    evaluator = part("core.iam_evaluator")
    resolve = expect(NAME, evaluator, "_resolve_condition_key")

    def fill_variables(values: list[str], context: Any) -> list[str]:
        return [fill(value, lambda key: resolve(key, context)) for value in values]

    evaluator._fill_variables = fill_variables
    replace_text(
        NAME,
        evaluator,
        "_conditions_met",
        (
            "                expected = [str(expected)]\n",
            "                expected = [str(expected)]\n            expected = _fill_variables(expected, ctx)\n",
        ),
    )
    replace_text(
        NAME,
        evaluator,
        "_first_match",
        (
            "_resource_matches(ctx.resource_arn, stmt.resources, stmt.not_resources)",
            (
                "_resource_matches(ctx.resource_arn, _fill_variables(stmt.resources, ctx), "
                "_fill_variables(stmt.not_resources, ctx))"
            ),
        ),
    )


def fill(text: Any, resolve: Any) -> Any:
    """``text`` with each variable replaced by ``resolve(key)``; a default after a comma stands for a missing value."""
    if not isinstance(text, str) or "${" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        if match[1] in {"*", "?", "$"}:
            return match[1]
        key, _, default = match[1].partition(",")
        found = resolve(key.strip())
        if isinstance(found, list):
            found = found[0] if len(found) == 1 else None
        if found is not None:
            return str(found)
        return default.strip().strip("'\"") if default else _MATCHES_NOTHING

    return _VARIABLE.sub(value, text)

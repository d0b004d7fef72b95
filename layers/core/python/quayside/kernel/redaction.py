"""What is taken out of any text before it is kept where people and programs read it: addresses of mail, and secrets.

This is the second net. The first is that such text is not handed over at all: logs carry an allow-list of fields, and
what Amazon sends loses its personal fields by name. Here is caught what slipped into words, for example into the
message of an exception of a library.
"""

import re

_MASK = "[removed]"
_TELLTALE = re.compile(
    r"""
    # Login with Amazon: access, refresh and other tokens; client secrets; codes of a consent.
      Atz[a-z]\|[\w\-+/=|.]+
    | amzn1\.oa2-cs\.[\w.\-]+
    | (?<=spapi_oauth_code=)[\w%.\-]+
    # Sessions: JSON web tokens, and whatever stands in an Authorization header.
    | eyJ[\w\-]{8,}\.[\w\-]+\.[\w\-]*
    | (?<=Bearer\ )[\w\-.~+/=|]+
    # AWS: access keys, and what signs a link to an object.
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | (?<=X-Amz-Signature=)[0-9a-f]+
    | (?<=X-Amz-Security-Token=)[\w%\-+/=.]+
    # Addresses of mail.
    | [\w.!\#$%&'*+/=?^`{|}~\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63})+
    """,
    re.VERBOSE,
)


def redacted(text: str) -> str:
    """Return a text without tokens, secrets and addresses of mail, wherever in it they stand."""
    return _TELLTALE.sub(_MASK, text)

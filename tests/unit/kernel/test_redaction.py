import pytest

from quayside.kernel.redaction import redacted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("token Atza|IwEBIJ-_/x= expired", "token [removed] expired"),
        ("refresh Atzr|abc, again", "refresh [removed], again"),
        ("secret amzn1.oa2-cs.v1.0123abcd.", "secret [removed]"),
        ("/callback?spapi_oauth_code=ANxyz&state=1", "/callback?spapi_oauth_code=[removed]&state=1"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [removed]"),
        ("x eyJhbGciOiJub25l.eyJzdWIi.sig y", "x [removed] y"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [removed] used"),  # pragma: allowlist secret
        ("https://b/k?X-Amz-Signature=0af1&x=1", "https://b/k?X-Amz-Signature=[removed]&x=1"),
        ("by jane.doe+x@mail.example.com today", "by [removed] today"),
        (
            "order 903-8868176-2219830 of A3TH9S8BH6GOGM, 5 @ 3.20",
            "order 903-8868176-2219830 of A3TH9S8BH6GOGM, 5 @ 3.20",
        ),
    ],
)
def test_secrets_and_addresses_of_mail_are_taken_out_of_words(text: str, kept: str) -> None:
    assert redacted(text) == kept

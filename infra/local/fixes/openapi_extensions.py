"""Gateway responses, binary media types and compression in an imported OpenAPI document.

Gap: MiniStack's import reads routes and authorisers only. AWS also applies
``x-amazon-apigateway-gateway-responses`` (the JSON a refused request gets), ``…-binary-media-types`` (without
which fonts and compressed files leave as base64 text) and ``…-minimum-compression-size``.
Source: API Gateway developer guide, "OpenAPI extensions for API Gateway".
"""

from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "openapi_extensions"


def apply() -> None:
    """Apply the extensions after each import."""
    gateway = part("services.apigateway_v1")
    expect(NAME, gateway, "_rest_apis", "_put_gateway_response")

    def wrapper(original: Any) -> Any:
        def import_rest_api(document: dict[str, Any], base: Any = None) -> str:
            api_id: str = original(document, base)
            api = gateway._rest_apis[api_id]
            binary = document.get("x-amazon-apigateway-binary-media-types")
            if binary:
                api["binaryMediaTypes"] = list(binary)
            smallest = document.get("x-amazon-apigateway-minimum-compression-size")
            if smallest is not None:
                api["minimumCompressionSize"] = int(smallest)
            answers = document.get("x-amazon-apigateway-gateway-responses") or {}
            for response_type, answer in answers.items():
                gateway._put_gateway_response(api_id, response_type, answer)
            return api_id

        return import_rest_api

    wrap(NAME, gateway, "_import_rest_api", wrapper)

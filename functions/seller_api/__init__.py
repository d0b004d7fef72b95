"""The seller API: JSON over API Gateway, one use case a route."""

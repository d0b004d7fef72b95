"""Daily figures and what is shown of them."""

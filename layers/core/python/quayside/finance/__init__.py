"""Money as Amazon books it: transactions, settlements and fee estimates."""

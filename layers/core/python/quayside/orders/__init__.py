"""Orders as Amazon tells them: newest wins, one item an order."""

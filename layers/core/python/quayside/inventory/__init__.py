"""FBA stock positions as Amazon tells them: newest wins, one item a SKU and marketplace."""

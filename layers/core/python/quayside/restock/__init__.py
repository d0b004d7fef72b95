"""What to reorder, how much and when: demand, lead time, safety stock and suggestions."""

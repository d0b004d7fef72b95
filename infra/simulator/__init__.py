"""A Selling Partner API that behaves: sellers, orders, stock, money, quotas, faults and time, without Amazon."""

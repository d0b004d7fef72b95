"""Amazon's Selling Partner API, as far as the simulator offers it."""

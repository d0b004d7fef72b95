"""schedules: turns what is due into commands, every five minutes."""

"""What an operator of the platform sees and does."""

"""Takes in Amazon's notifications."""

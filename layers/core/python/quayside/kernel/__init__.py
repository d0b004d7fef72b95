"""What every other package may rely on: tenancy, time, identity, money, errors, figures, settings, observability."""

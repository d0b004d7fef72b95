"""Composition root of schedules."""

import secrets
from collections.abc import Mapping

from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import load_settings
from quayside.storage.connection import Store, bind
from quayside.sync.service import fire_due

REQUIRED = ("coordination_table", "work_queue_url")


class Schedules:
    """Sends the commands of everything that is due."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics

    def run(self) -> dict[str, int]:
        """Send what is due and return how many commands that were."""
        sent = fire_due(clock=self._clock, entropy=secrets.token_bytes)
        self._metrics.count("CommandsDue", sent)
        self._metrics.flush()
        return {"sent": sent}


def build(environ: Mapping[str, str]) -> Schedules:
    """Build the function of production from its environment.

    Raises:
        InvalidSettings: the environment lacks something it needs.
    """
    settings = load_settings(environ, *REQUIRED)
    bind(Store(settings))
    logger(settings.powertools_service_name, settings.log_level)
    return Schedules(
        SystemClock(), PowertoolsMetrics(settings.powertools_metrics_namespace, settings.powertools_service_name)
    )

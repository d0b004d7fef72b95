"""What the metrics roller is given: built once a process."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.storage.connection import FACTS_ONLY, Store, bind

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class Container:
    """The collaborators of the metrics roller."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Take what is given and build the rest; the store is bound for the whole process."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = bind(store or Store(settings, FACTS_ONLY))
        self._metrics = metrics

    @cached_property
    def logger(self) -> "Logger":
        """The structured logger."""
        return logger(self.settings.powertools_service_name, self.settings.log_level)

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics of this function."""
        return self._metrics or PowertoolsMetrics(
            self.settings.powertools_metrics_namespace, self.settings.powertools_service_name
        )


def compose() -> Container:
    """Build the container from the environment of the function."""
    return Container(load_settings(os.environ, "core_table", "tenant_role_arn"))

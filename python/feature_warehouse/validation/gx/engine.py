"""Great Expectations, with figures that come from elsewhere.

A checkpoint runs as always: context, data source, suite, validation definition, checkpoint. Only
its execution engine does not look at a frame: it hands out what was measured in the warehouse.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine

from feature_warehouse.validation.gx.quiet import quiet
from feature_warehouse.validation.sql.metric import Failure, Metric

__all__ = ["Engine", "gx", "metrics_of", "run_checkpoint"]

_ELSEWHERE: Final = {
    *(
        "batch_id",
        "table",
        "row_condition",
        "condition_parser",
    ),  # all that is about to be published
    *("result_format", "limit"),  # how many examples, which we decide
}
_FORMAT: Final = {"result_format": "BASIC", "partial_unexpected_count": 5}


def _metric(configuration: Any) -> Metric:
    arguments = {**configuration.metric_domain_kwargs, **configuration.metric_value_kwargs}
    kept = {name: value for name, value in arguments.items() if name not in _ELSEWHERE}
    return Metric(configuration.metric_name, kept)


def metrics_of(expectation: Any) -> list[Metric]:
    """What Great Expectations needs to know to judge it."""
    needed = expectation.get_validation_dependencies(Engine(), {"result_format": _FORMAT})
    return [_metric(one) for one in needed.get_metric_configurations()]


# Great Expectations' annotations are not read (see pyproject.toml), so its classes are Any.
class Engine(PandasExecutionEngine):  # type: ignore[misc]
    """Answers metrics with what is known; steps on the way to a metric have no value."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.answers: Mapping[bytes, Any] = {}

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: Any = None,
        runtime_configuration: Any = None,
    ) -> dict[Any, Any]:
        del metrics, runtime_configuration
        found = {one: self.answers.get(_metric(one).key) for one in metrics_to_resolve}
        for configuration, answer in found.items():
            if isinstance(answer, Failure):
                raise MetricResolutionError(answer.message, [configuration])
        return {configuration.id: answer for configuration, answer in found.items()}


def run_checkpoint(
    name: str, expectations: Sequence[Any], answers: Mapping[bytes, Any]
) -> ExpectationSuiteValidationResult:
    """Judge expectations by answers."""
    with quiet():
        context = gx.get_context(mode="ephemeral", project_config=_in_memory())
        source = context.data_sources.add_pandas(name)
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        # Asked once, it keeps its engine; ours takes the place.
        held = batch.data_asset.datasource
        held.get_execution_engine()
        held._execution_engine = engine = Engine()  # noqa: SLF001 (there is no other way in)
        engine.answers = answers
        suite = context.suites.add(gx.ExpectationSuite(name, expectations=list(expectations)))
        definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        context.validation_definitions.add(definition)
        checkpoint = gx.Checkpoint(
            name=name, validation_definitions=[definition], result_format=_FORMAT
        )
        context.checkpoints.add(checkpoint)
        result = checkpoint.run(batch_parameters={"dataframe": pd.DataFrame()})
    [judged] = result.run_results.values()
    return judged


def _in_memory() -> DataContextConfig:
    """A context without a folder anywhere, not even a temporary one for its pages."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )

"""Training sets of every shape that takes its own path in the SQL."""

from point_in_time.sets_of_indexes import SETS_OF_INDEXES
from point_in_time.sets_of_runs import SETS_OF_RUNS
from point_in_time.sets_of_views import SETS_OF_VIEWS
from point_in_time.sets_with_options import SETS_WITH_OPTIONS

TRAINING_SETS = (*SETS_OF_VIEWS, *SETS_WITH_OPTIONS, *SETS_OF_INDEXES, *SETS_OF_RUNS)

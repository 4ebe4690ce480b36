"""The feature views of the project `farm`, as the oracles and dbt know them."""

from dataclasses import dataclass, replace

from point_in_time import views as shapes
from point_in_time.declarations import Column, Length, View
from point_in_time.views import DAY, HOUR, LOADED, TS, A, B, K


@dataclass(frozen=True, kw_only=True)
class Growing:
    """A view that `append_only` builds out of a table `raw_<name>` of the same columns.

    With ``query`` the macro gets a query instead of a relation.
    """

    view: View
    lookback: Length | None = None
    query: bool = False

    @property
    def source(self) -> str:
        return f"raw_{self.view.name}"


READINGS = Growing(
    view=View(
        name="readings",
        keys=(Column("sensor", "bigint"), Column("part", "text")),
        event=Column("measured_at", "timestamp"),
        created=LOADED,
        features=(Column("value", "double precision"), Column("note", "text")),
    )
)
ODD = Growing(
    view=View(
        name="odd",
        keys=(),
        event=Column("At", "date"),
        created=Column("Loaded At", "timestamptz"),
        features=(Column("order", "integer"), Column("it's", "numeric(6,2)")),
        extra=(Column("watermark", "boolean"),),
    ),
    lookback=Length("2 hours", 2 * HOUR),
    query=True,
)
DAILY = Growing(
    view=View(
        name="loaded_daily",
        keys=(K,),
        event=Column("at", "timestamptz"),
        created=Column("loaded_on", "date"),
        features=(A, B),
    ),
    lookback=Length("1 day", DAY),
)
GROWING = (READINGS, ODD, DAILY)

PRICES = View(
    name="prices",
    keys=(Column("item", "bigint"), Column("Shop", "text")),
    event=Column("valid_at", "timestamp"),
    created=Column("noticed_at", "timestamp"),
    features=(Column("price", "integer"), Column("age", "text")),
)
RATES = View(
    name="rates",
    keys=(),
    event=TS,
    created=Column("Stamped_At", "timestamptz"),
    features=(Column("is_given", "boolean"), Column("day", "date")),
)
STAMPED = (PRICES, RATES)

KEPT = tuple(
    replace(view, name=f"kept_{view.name}", table=True)
    for view in (
        shapes.plain,
        shapes.lagged,
        shapes.corrected,
        shapes.late,
        shapes.pairs,
        shapes.world,
        shapes.ranked,
        shapes.tested,
        shapes.zoned_late,
        shapes.daily_late,
        shapes.named,
    )
)
"""Tables whose history is dropped."""

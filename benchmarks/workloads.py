"""The shapes of data that are joined."""

import msgspec

__all__ = ["TTL_DAYS", "WORKLOADS", "Workload"]

TTL_DAYS = 30


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """Labels, and views that all have the same shape, over one year.

    ``rows`` and ``keys`` are counts for each view. With ``created`` a tenth of the rows corrects
    another row, and a tenth arrives up to a month late.
    """

    name: str
    labels: int
    views: int
    rows: int
    keys: int
    features: int = 5
    created: bool = False

    @property
    def view_names(self) -> list[str]:
        return [f"v{number}" for number in range(1, self.views + 1)]

    def feature_names(self, view: str) -> list[str]:
        return [f"{view}_f{number}" for number in range(1, self.features + 1)]

    @property
    def all_features(self) -> list[str]:
        return [feature for view in self.view_names for feature in self.feature_names(view)]

    def scaled(self, factor: float) -> "Workload":
        """The same shape with more labels, rows and keys."""
        return msgspec.structs.replace(
            self,
            name=f"{self.name}_x{factor:g}",
            labels=round(self.labels * factor),
            rows=round(self.rows * factor),
            keys=max(1, round(self.keys * factor)),
        )

    def __str__(self) -> str:
        created = ", created timestamps" if self.created else ""
        return (
            f"{self.labels:,} labels, {self.views} views of {self.rows:,} rows "
            f"x {self.features} features, {self.keys:,} keys{created}"
        )


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(name="small", labels=100_000, views=3, rows=1_000_000, keys=10_000),
        Workload(name="dense", labels=100_000, views=3, rows=1_000_000, keys=1_000),
        Workload(
            name="bitemporal", labels=100_000, views=3, rows=1_000_000, keys=1_000, created=True
        ),
        Workload(name="wide", labels=100_000, views=50, rows=100_000, keys=10_000, features=20),
        Workload(name="large", labels=1_000_000, views=5, rows=5_000_000, keys=100_000),
    )
}

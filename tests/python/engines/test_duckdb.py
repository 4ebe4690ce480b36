"""DuckDB as a source of rows: what leaves the engine."""

from typing import Any

from feature_warehouse import OnlineStore
from harness.mini import Mini


def test_integers_of_128_bits_are_served(mini: Mini, publish: Any, store: OnlineStore) -> None:
    """As a key, as a feature and within a list, with a sign and without one."""
    columns = {"id": "hugeint", "ts": "timestamp", "n": "hugeint", "many": "uhugeint[]"}
    rows = {-(2**126): (2**127 - 1, [2**128 - 1, None, 0]), 7: (-1, [1]), 8: (None, None)}
    values = ", ".join(f"('{key}', '{n}', '{many}')" for key, (n, many) in rows.items())
    texts = f"(values {values}) as t(id, n, many)".replace("'None'", "null").replace("None", "null")
    mini.view(
        "huge",
        columns,
        "select id::hugeint as id, timestamp '2025-12-31' as ts, n::hugeint as n,"
        f" many::uhugeint[] as many from {texts}",
    )
    assert publish()["huge"].status == "success"
    found = store.get_many("huge", [{"id": key} for key in rows])
    assert [(vector["n"], vector["many"]) for vector in found] == list(rows.values())

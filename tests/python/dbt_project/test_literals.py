"""A value of JSON arrives in Jinja as it is, whatever texts are in it."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from feature_warehouse.dbt_project import _literal

TEXTS = st.text() | st.sampled_from(
    ["}}", "{% raw %}", '"', "\\", "\\u0041", "{{ 1 }}", "#}", "\n"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)


@settings(max_examples=300)
@given(VALUES)
def test_jinja_has_the_value(value: Any) -> None:
    jinja = SandboxedEnvironment()
    jinja.globals["kept"] = json.dumps
    found = jinja.from_string(f"{{{{ kept({_literal(value)}) }}}}").render()
    assert json.loads(found) == value
    if isinstance(value, dict):
        assert list(json.loads(found)) == list(value), "in its order"

"""A value arrives as it is, whatever texts are in it: of JSON in Jinja, and a variable at dbt."""

import json
from datetime import UTC
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from feature_warehouse.dbt_project import _literal, _yaml

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


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_jinja_has_the_value(value: Any) -> None:
    jinja = SandboxedEnvironment()
    jinja.globals["kept"] = json.dumps
    found = jinja.from_string(f"{{{{ kept({_literal(value)}) }}}}").render()
    assert json.loads(found) == value
    if isinstance(value, dict):
        assert list(json.loads(found)) == list(value), "in its order"


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TEXTS, VALUES | st.dates() | st.datetimes(timezones=st.just(UTC))))
def test_dbt_has_the_variables(variables: dict[str, Any]) -> None:
    line = _yaml(variables)
    assert "\n" not in line
    assert yaml.safe_load(line) == variables

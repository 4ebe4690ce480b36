"""Whole Arrow columns to stored form. For the publisher; needs pyarrow."""

from feature_warehouse.codec.arrow.columns import (
    check_keys,
    check_values,
    instants,
    row_keys,
    stored_values,
)
from feature_warehouse.codec.arrow.defaults import stored_default
from feature_warehouse.codec.arrow.types import (
    arrow_column,
    arrow_type,
    key_type,
    number_as_text,
    stored_type,
    text_number,
)

__all__ = [
    "arrow_column",
    "arrow_type",
    "check_keys",
    "check_values",
    "instants",
    "key_type",
    "number_as_text",
    "row_keys",
    "stored_default",
    "stored_type",
    "stored_values",
    "text_number",
]

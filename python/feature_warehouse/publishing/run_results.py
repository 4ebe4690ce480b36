"""What the last run of `materialize` left in its result file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from feature_warehouse.errors import UsageError

__all__ = ["read_results"]


def read_results(file: Path) -> Mapping[str, Any] | None:
    """The result file of `materialize`; None if there is none. UsageError if it is something else.

    It may be of another version: only the list of views is checked.
    """
    try:
        content = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read ({error}); run `materialize` again") from None
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise UsageError(f"{file} is not a result of `materialize`; run it again")
    return content

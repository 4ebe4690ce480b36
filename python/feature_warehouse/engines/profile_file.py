"""A target of ``profiles.yml``, where there is no dbt-core to read it.

dbt 2 shows nobody the password of a target, and so the file is rendered here, as dbt describes it:
https://docs.getdbt.com/docs/core/connect-data-platform/profiles.yml
"""

import os
import re
from ast import literal_eval
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from feature_warehouse.errors import UsageError

__all__ = ["Output", "read_output"]


class Output(NamedTuple):
    """A rendered target; ``content`` may hold a password."""

    profile: str
    target: str
    content: dict[str, Any]

    def __repr__(self) -> str:
        return f"Output({self.profile!r}, {self.target!r})"


def read_output(
    project: Path,
    profiles: Path,
    target: str | None,
    profile: str | None,
    variables: Mapping[str, Any],
) -> Output:
    """The target as named, else as DBT_TARGET or the profile itself says. Raises UsageError.

    ``profiles`` is the file. Nothing but the target is rendered, so what only others need of the
    environment need not be there. ImportError where not even dbt 2's extra is installed.
    """
    render = _renderer(variables)
    name = profile or os.environ.get("DBT_PROFILE")
    name = name or _rendered(render, _read(project / "dbt_project.yml").get("profile"), project)
    found = _read(profiles).get(name)
    if not isinstance(found, dict) or not isinstance(found.get("outputs"), dict):
        raise UsageError(f"{profiles}: Could not find profile named {name!r}")
    outputs = found["outputs"]
    target = target or os.environ.get("DBT_TARGET")
    target = target or _rendered(render, found.get("target", "default"), profiles)
    if target not in outputs or not isinstance(outputs[target], dict):
        known = ", ".join(map(str, outputs))
        raise UsageError(
            f"{profiles}: The profile {name!r} does not have a target named {target!r};"
            f" it has {known}"
        )
    return Output(str(name), str(target), _rendered(render, outputs[target], profiles))


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        # Its message would repeat a line, which may be one with a password.
        raise UsageError(f"{file} is not valid YAML; `dbt debug` says where") from None
    return content if isinstance(content, dict) else {}


def _rendered(render: Callable[[str], Any], value: Any, file: Path) -> Any:
    """All texts within a value rendered."""
    if isinstance(value, dict):
        return {key: _rendered(render, each, file) for key, each in value.items()}
    if isinstance(value, list):
        return [_rendered(render, each, file) for each in value]
    if not isinstance(value, str):
        return value
    try:
        return render(value)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None
    except Exception:  # whatever an expression raises may hold a value of the profile
        raise UsageError(f"{file}: it is not a valid profile; `dbt debug` says why") from None


def _renderer(variables: Mapping[str, Any]) -> Callable[[str], Any]:
    """Jinja as dbt has it in profiles: a filter may ask for a number or a boolean."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    def env_var(name: str, default: str | None = None) -> str:
        if (text := os.environ.get(name, default)) is None:
            raise UsageError(f"Env var required but not provided: {name!r}")
        return text

    def var(name: str, default: Any = None) -> Any:
        if (value := variables.get(name, default)) is None:
            raise UsageError(f"Required var {name!r} not found in config")
        return value

    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.globals |= {"env_var": env_var, "var": var}
    environment.filters["as_text"] = str
    environment.filters |= dict.fromkeys(("as_native", "as_bool", "as_number"), _native)

    def render(text: str) -> Any:
        if alone := _ALONE.fullmatch(text.strip()):
            return environment.compile_expression(alone[1], undefined_to_none=False)()
        return environment.from_string(text).render()

    return render


_ALONE = re.compile(r"\{\{-?((?:(?!\{\{|\}\}).)*?)-?\}\}", re.DOTALL)
"""A text that is one expression, whose value keeps its type."""


def _native(value: Any) -> Any:
    text = str(value).strip()
    return literal_eval(text.title() if text.lower() in ("true", "false", "none") else text)

"""Options and arguments that several commands share, and how their texts are read."""

import inspect
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperCommand

from feature_warehouse.codec.texts import read_instant
from feature_warehouse.errors import UsageError
from feature_warehouse.util.files import refuse_no_project

__all__ = [
    "Exclude",
    "Json",
    "Place",
    "Select",
    "SelectingCommand",
    "Selector",
    "State",
    "Wait",
    "instant",
    "pairs",
    "placed",
    "required",
]


def _shared(help_text: str, *names: str, envvar: str | None = None) -> Any:
    """An option of every command; they stand together in the help."""
    panel = "Project, target and Redis"
    return typer.Option(
        *names, help=help_text, envvar=envvar, show_envvar=True, rich_help_panel=panel
    )


class Place(msgspec.Struct, frozen=True):
    """What a command is about: options that every command takes, needed or not.

    So one environment, or one list of options, serves all of them.
    """

    redis_url: Annotated[
        str | None, _shared("redis://, rediss:// or unix:// address.", envvar="REDIS_URL")
    ] = None
    project: Annotated[
        str | None,
        _shared(
            "First part of every key: the dbt project. Optional in the project's folder, and if"
            " Redis holds only one store.",
            envvar="FEATURE_WAREHOUSE_PROJECT",
        ),
    ] = None
    environment: Annotated[
        str | None,
        _shared(
            "Second part of every key: by default the dbt target. Optional where the project is.",
            envvar="FEATURE_WAREHOUSE_ENVIRONMENT",
        ),
    ] = None
    project_dir: Annotated[
        Path, _shared("Folder of dbt_project.yml.", envvar="DBT_PROJECT_DIR")
    ] = Path()
    profiles_dir: Annotated[
        Path | None, _shared("Folder of profiles.yml.", envvar="DBT_PROFILES_DIR")
    ] = None
    profile: Annotated[
        str | None, _shared("Profile, if not the one in dbt_project.yml.", envvar="DBT_PROFILE")
    ] = None
    target: Annotated[str | None, _shared("Target of the profile.", envvar="DBT_TARGET")] = None
    target_path: Annotated[
        Path, _shared("Folder of dbt's manifest.json.", envvar="DBT_TARGET_PATH")
    ] = Path("target")
    variables: Annotated[
        str | None, _shared("Variables as a YAML mapping, as in dbt.", "--vars", envvar=None)
    ] = None

    @property
    def artifacts(self) -> Path:
        """The target folder, relative to the project unless it is absolute."""
        return self.project_dir / self.target_path

    @property
    def manifest(self) -> Path:
        """The manifest of dbt; UsageError where there is none and no project either."""
        file = self.artifacts / "manifest.json"
        if not file.is_file():
            refuse_no_project(self.project_dir)
        return file

    @property
    def store(self) -> tuple[str | None, str | None]:
        """Project and environment, as named or, in a project's folder, as dbt wrote them down."""
        from feature_warehouse.declarations.manifest import read_manifest

        file = self.artifacts / "manifest.json"
        if (self.project and self.environment) or not file.is_file():
            return self.project, self.environment
        manifest = read_manifest(file)
        noted = manifest.written_for
        environment = self.environment or self.target or (noted.target if noted else None)
        return self.project or manifest.metadata.project_name, environment

    def dbt(self, *, wait: bool) -> Any:
        """The project as ``feature_warehouse.dbt_project.DbtProject``, which knows dbt."""
        from feature_warehouse.dbt_project import DbtProject

        return DbtProject(
            self.project_dir,
            profiles_dir=self.profiles_dir,
            profile=self.profile,
            target=self.target,
            target_path=self.target_path,
            variables=_variables(self.variables),
            wait=wait,
        )


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of ``Place`` in place of its parameter ``place``."""
    own = inspect.signature(command).parameters.values()
    fields = inspect.signature(Place).parameters.values()

    @wraps(command)
    def run(**options: Any) -> None:
        place = Place(**{name: options.pop(name) for name in Place.__struct_fields__})
        command(place=place, **options)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [each.replace(kind=keyword) for each in [*own, *fields] if each.name != "place"]
    # Types know no signature of a function that is set; inspect, and so typer, reads it there.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


Select = Annotated[
    list[str] | None,
    typer.Option("--select", "-s", help="Views, in dbt's selector syntax.", metavar="SELECTOR..."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Views to leave out, in the same syntax.", metavar="SELECTOR..."),
]
Selector = Annotated[str | None, typer.Option(help="Selector from the project's selectors.yml.")]
State = Annotated[
    str | None,
    typer.Option(envvar="DBT_STATE", help="Folder with the artifacts that `state:` compares with."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable result.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for another run, or for dbt.")]


class SelectingCommand(TyperCommand):
    """A command that takes several words after one ``--select``, as dbt does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread: list[str] = []
        option = ""
        for word in args:
            if word.startswith("-"):
                option = word if word in ("-s", "--select", "--exclude") else ""
                spread.append(word)
            elif option and spread[-1] != option:
                spread += [option, word]
            else:
                spread.append(word)
        return super().parse_args(ctx, spread)


def pairs(texts: list[str]) -> dict[str, str]:
    """Texts such as ``origin=JFK``."""
    found: dict[str, str] = {}
    for pair in texts:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is not an entity key: expected {pair}=value")
        found[key] = text
    return found


def required(url: str | None) -> str:
    """The Redis address; UsageError if there is none."""
    if not url:
        raise UsageError(
            "no Redis address is given; set REDIS_URL or pass --redis-url"
            " (`feature-warehouse dev-server` starts a server to try)"
        )
    return url


def instant(text: str) -> datetime:
    """An ISO instant; a naive one is UTC."""
    try:
        return read_instant(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not an instant; write it as 2013-12-31T00:00:00Z") from None


def _variables(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    import yaml  # comes with dbt

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("--vars is not a YAML mapping; write it as '{name: value}'")
    return found

"""`feature-warehouse training-set`: build, export, check."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from feature_warehouse.cli.options import Json, Place, Wait, placed
from feature_warehouse.errors import UsageError

__all__ = ["app"]

app = typer.Typer(
    help="Training sets in files: ad hoc from labels, or of a model, with a card to check against.",
    no_args_is_help=True,
)

To = Annotated[Path, typer.Option(help="Parquet file to write.", show_default=False)]


@app.command()
@placed
def build(
    place: Place,
    labels: Annotated[
        Path, typer.Option(help="Parquet file with a row for each prediction.", show_default=False)
    ],
    to: To,
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="[VIEW:FEATURE,...]...", help="More features, as with --features."),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(
            help="A view, view:feature,feature, or a JSON mapping as in the macro training_set."
        ),
    ] = None,
    service: Annotated[str | None, typer.Option(help="All features of this service.")] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(
            help="Label column with the instant of the prediction, if there are several instants."
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Build the set as it would have been built at this ISO instant."),
    ] = None,
    knowledge: Annotated[
        str,
        typer.Option(
            help="available; served: what readers got; event_time: ignore when rows were loaded."
        ),
    ] = "available",
    served: Annotated[
        str | None,
        typer.Option(help="When runs were, a JSON mapping as in the macro training_set."),
    ] = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Join features to a file of labels. Nothing is left in the warehouse."""
    from feature_warehouse.training_sets import TrainingSets, parquet_path, write_parquet_table

    file = parquet_path(to)
    sets = TrainingSets(place.dbt(wait=wait))
    table = sets.build(
        labels,
        [_feature(text) for text in [*(features or []), *(more or [])]],
        timestamp=timestamp,
        service=service,
        as_of=as_of,
        knowledge=knowledge,
        served=None if served is None else _mapping(served),
    )
    write_parquet_table(file, table)
    if as_json:
        print(
            json.dumps({"file": str(file), "rows": table.num_rows, "columns": table.column_names})
        )
    else:
        print(f"wrote {file}: {table.num_rows:,} rows, {table.num_columns} columns")


@app.command()
@placed
def export(
    place: Place,
    name: Annotated[str, typer.Argument(help="Model of the training set.", show_default=False)],
    to: To,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Write a built training set to a Parquet file, and its card to FILE.card.json."""
    from feature_warehouse.training_sets import TrainingSets, card_path

    sets = TrainingSets(place.dbt(wait=wait))
    card = sets.export(name, to)
    if as_json:
        print(json.dumps(card, ensure_ascii=False))
        return
    print(f"wrote {to}: {card['row_count']:,} rows, {len(card['columns'])} columns")
    print(f"wrote {card_path(to)}: content fingerprint {card['content_fingerprint']}")


@app.command()
@placed
def check(
    place: Place,
    card: Annotated[Path, typer.Argument(help="Card of an export.", show_default=False)],
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Build a training set again, without storing it, and compare it with a card."""
    from feature_warehouse.training_sets import TrainingSets

    sets = TrainingSets(place.dbt(wait=wait))
    differences = sets.check(card)
    if as_json:
        print(json.dumps({"card": str(card), "differences": differences}, ensure_ascii=False))
    else:
        for difference in differences:
            print(difference)
        print(f"{card}: {'rebuilt otherwise' if differences else 'rebuilt the same'}")
    raise SystemExit(1 if differences else 0)


def _feature(text: str) -> Any:
    return _mapping(text) if text.lstrip().startswith("{") else text


def _mapping(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{_cut(text)!r} is not JSON: {error}") from None


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."

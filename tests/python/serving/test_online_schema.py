"""Views flip one after another, then their service: readers work through it (rule 7)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from feature_warehouse import FingerprintError, NotPublishedError, OnlineStore
from feature_warehouse.redis_store import layout
from feature_warehouse.redis_store.steps import Steps
from feature_warehouse.serving.plan import load_plan
from harness.redis_fixture import HOUR, NAMES, Kinds, Shelf

ONE: Kinds = {"x": "float", "y": "string"}
ROW = [1.5, "one"]


@pytest.fixture
def shelf(client: Any) -> Shelf:
    """A service ``s`` of the views ``a`` and ``b``, which have the same features."""
    shelf = Shelf(client)
    for view in ("a", "b"):
        shelf.view(view, ONE, {1: (HOUR, ROW)})
        shelf.flip(view, 1)
    shelf.service("s", "first", {"a": ONE, "b": ONE})
    return shelf


BEFORE = {"a_x": 1.5, "a_y": "one", "b_x": 1.5, "b_y": "one"}

CHANGES: dict[str, tuple[Kinds, list[Any], dict[str, Any]]] = {
    "added": ({**ONE, "z": "int"}, [2.5, "two", 3], {"x": 2.5, "y": "two", "z": 3}),
    "added first": ({"z": "int", **ONE}, [3, 2.5, "two"], {"z": 3, "x": 2.5, "y": "two"}),
    "removed": ({"y": "string"}, ["two"], {"y": "two"}),
    "retyped": ({"x": "string", "y": "string"}, ["2", "two"], {"x": "2", "y": "two"}),
    "swapped types": ({"x": "string", "y": "float"}, ["2", 2.5], {"x": "2", "y": 2.5}),
    "reordered": ({"y": "string", "x": "float"}, ["two", 2.5], {"y": "two", "x": 2.5}),
    "retyped alike": ({"x": "decimal", "y": "string"}, ["2.5", "two"], {"y": "two"}),
    "renamed": ({"w": "float", "y": "string"}, [2.5, "two"], {"w": 2.5, "y": "two"}),
}


def of_both(features: dict[str, Any]) -> dict[str, Any]:
    return {f"{view}_{name}": value for view in "ab" for name, value in features.items()}


@contextmanager
def reading(store: OnlineStore, seen: list[Any]) -> Iterator[None]:
    """Another thread that reads all the while; what differs from the last read is ``seen``."""
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                found: Any = store.get("s", {"id": 1}).to_dict()
            except Exception as error:  # what a reader must not see is seen too
                found = error
            if not seen or seen[-1] != found:
                seen.append(found)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("change", CHANGES)
def test_a_reader_works_through_a_change_of_schema(
    change: str, shelf: Shelf, store: OnlineStore
) -> None:
    kinds, row, _ = CHANGES[change]
    seen: list[Any] = []
    with reading(store, seen):
        for view in ("a", "b"):
            shelf.view(view, kinds, {1: (HOUR, row)}, number=2)
            shelf.flip(view, 2, previous=1)
            assert isinstance(OnlineStore(shelf.client).get("s", {"id": 1}).to_dict(), dict)
        shelf.service("s", "second", {"a": kinds, "b": kinds})
        after = store.get("s", {"id": 1}).to_dict()
    values = dict(zip(kinds, row, strict=True))
    fits = all(kinds.get(name) == kind for name, kind in ONE.items())
    middle = {**BEFORE, "a_x": values.get("x"), "a_y": values["y"]}
    late = (
        {**BEFORE, **{f"{view}_{name}": values[name] for view in "ab" for name in ONE}}
        if (fits)
        else BEFORE
    )
    assert after.keys() == of_both(values).keys()
    assert after["a_y"] == after["b_y"] == values["y"]
    for found in seen:
        assert found in (BEFORE, middle if fits else BEFORE, late, after), found


def test_without_a_generation_that_fits_there_is_an_error(shelf: Shelf, store: OnlineStore) -> None:
    assert store.get("s", {"id": 1}).to_dict() == BEFORE
    retyped = {**ONE, "x": "string"}
    shelf.view("a", retyped, {1: (HOUR, ["2", "two"])}, number=2)
    shelf.flip("a", 2)
    with pytest.raises(FingerprintError, match="view 'a' has another type of x than 's' serves"):
        store.get("s", {"id": 1})
    shelf.flip("a", 2, previous=1)
    assert store.get("s", {"id": 1}).to_dict() == BEFORE
    # One before that is damaged serves nobody who needs it, and disturbs nobody else.
    shelf.client.append(NAMES.description("a", 1), "x")
    fresh = OnlineStore(shelf.client, project=NAMES.project, environment=NAMES.environment)
    with pytest.raises(FingerprintError, match="view 'a' has another type of x than 's' serves"):
        fresh.get("s", {"id": 1})
    assert fresh.get("a", {"id": 1})["x"] == "2"
    # The one before is of the wrong schema as well.
    shelf.view("a", {"y": "string"}, {1: (HOUR, ["three"])}, number=3)
    shelf.flip("a", 3, previous=2)
    with pytest.raises(FingerprintError, match="view 'a' no longer has x, which 's' serves"):
        store.get("s", {"id": 1})
    # Its description is gone, as after its grace period.
    shelf.client.delete(NAMES.description("a", 1))
    shelf.flip("a", 3, previous=1)
    with pytest.raises(FingerprintError, match="no longer has x"):
        store.get("s", {"id": 1})
    assert store.get("a", {"id": 1}).to_dict() == {"y": "three"}


def test_join_keys_that_change(shelf: Shelf, store: OnlineStore) -> None:
    """A view asks for text where it asked for a number: both views are read as they were before."""
    for view in ("a", "b"):
        shelf.view(view, ONE, {"k": (HOUR, [2.5, "two"])}, number=2, keys={"id": "string"})
    shelf.flip("a", 2, previous=1)
    assert store.get("s", {"id": 1}).to_dict() == BEFORE
    shelf.flip("b", 2, previous=1)
    assert store.get("s", {"id": "k"}).to_dict()["b_x"] == 2.5
    shelf.view("b", ONE, {}, number=3, keys={"id": "date"})
    shelf.flip("b", 3)
    with pytest.raises(FingerprintError, match="the views of 's' disagree on the types"):
        store.get("s", {"id": 1})
    shelf.view("b", ONE, {}, number=4, keys={"other": "int"})
    shelf.flip("b", 4)
    with pytest.raises(FingerprintError, match="view 'b' has other join keys than 's' serves"):
        store.get("s", {"id": 1})


def test_a_claim_costs_no_second_round_trip(shelf: Shelf, store: OnlineStore) -> None:
    store.get("s", {"id": 1})
    shelf.flip("a", 1, claim=7)
    before = shelf.client.info("commandstats")["cmdstat_mget"]["calls"]
    assert store.get("s", {"id": 1}).to_dict() == BEFORE
    assert store.get("s", {"id": 1}).to_dict() == BEFORE
    assert shelf.client.info("commandstats")["cmdstat_mget"]["calls"] == before + 2


def steps_to(steps: Steps[Any], client: Any, at: Callable[[tuple[str, ...]], None]) -> Any:
    """Run the core by hand; ``at`` is called before each command."""
    reply = None
    try:
        while True:
            command = steps.send(reply)
            at(command)
            reply = client.execute_command(*command)
    except StopIteration as end:
        return end.value


def test_a_flip_between_pointer_and_description(shelf: Shelf) -> None:
    """The description goes while the reader is on its way to it."""

    def overtake(command: tuple[str, ...]) -> None:
        if command == ("MGET", NAMES.description("a", 1)):
            shelf.view("a", ONE, {}, number=2)
            shelf.flip("a", 2)
            shelf.client.delete(NAMES.description("a", 1))

    plan = steps_to(load_plan(NAMES, "a"), shelf.client, overtake)
    assert plan.parts[0].prefix == NAMES.row_prefix("a", 2)


def test_a_pointer_that_never_rests(shelf: Shelf) -> None:
    numbers = iter(range(2, 100))

    def overtake(command: tuple[str, ...]) -> None:
        if "@" in command[1]:
            shelf.client.delete(command[1])
            shelf.flip("a", next(numbers))

    with pytest.raises(NotPublishedError, match="'a' was republished 5 times during one read"):
        steps_to(load_plan(NAMES, "a"), shelf.client, overtake)


def test_a_service_where_a_view_should_be(shelf: Shelf, store: OnlineStore) -> None:
    key = NAMES.pointer("b")
    shelf.client.set(key, layout.sealed(layout.Pointer(version="abc"), key))
    with pytest.raises(NotPublishedError, match="'b' is a service, not a view"):
        store.get("s", {"id": 1})

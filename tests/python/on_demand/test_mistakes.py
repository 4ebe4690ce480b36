"""Mistakes in expressions: dbt stops, and the message points at the place."""

from pathlib import Path

import pytest

from feature_warehouse.declarations.registry import read_registry
from feature_warehouse.errors import UsageError
from harness.host import Host, macro_call, write_host
from on_demand import payments

UNREADABLE = {
    "amount +": "a value is expected, at the mark in: amount +>>>",
    "amount amount": "an operator is expected, at the mark in: amount >>>amount",
    "(amount": "')' is expected, at the mark in: (amount>>>",
    "amount)": "')' closes nothing, at the mark in: amount>>>)",
    "amount % 2": "'%' means nothing here, at the mark in: amount >>>% 2",
    "country = 'DE": "a quotation mark is not closed, at the mark in: country = >>>'DE",
    "power(amount, 2)": "there is no function 'power'; there are abs, ceil, coalesce",
    "flor(amount)": "; did you mean 'floor'?, at the mark in: >>>flor(amount)",
    "abs()": "abs takes 1 value, not 0, at the mark in: >>>abs()",
    "1 + nullif(amount)": "nullif takes 2 values, not 1, at the mark in: 1 + >>>nullif(amount)",
    "1 < amount < 2": "a comparison of a comparison needs parentheses, at the mark in: 1 < am",
    "amount is 3": "'null' or 'distinct from' is expected, at the mark in: amount is >>>3",
    "amount in ()": "there is no value to be equal to, at the mark in: amount >>>in ()",
    "case amount end": "'when' is expected, at the mark in: case amount >>>end",
    "case when true then 1": "'end' is expected, at the mark in: case when true then 1>>>",
    "cast(amount as text)": "'double' is the only type to cast to, at the mark in: cast(amount a",
    "interval '1 month'": "a fixed length of time is expected, such as '90 minutes'",
    "9223372036854775808": "a whole number has no more than 64 bits",
    "1e151": "a number lies between 1e-150 and 1e150",
    "1e-400": "a number lies between 1e-150 and 1e150",
    "(" * 30 + "1" + ")" * 30: "it is nested deeper than 25 levels; make on-demand features of",
    "+".join("1" * 30): "it is nested deeper than 25 levels; make on-demand features of",
    "": "a value is expected",
}
SENSELESS = {
    "amont + 1": "there is no 'amont'; there are customer_id, amount, fee, country, rate",
    "is_refused": "'is_refused' is not known at the time of the request, at the mark in: ",
    "paid_at": "the label's timestamp is request_time, at the mark in: >>>paid_at",
    "later_one + 1": "there is no 'later_one'",
    "country + 1": "text and integer are no values of one type, at the mark in: country >>>+ 1",
    "country < 'a'": "< is not there for text, at the mark in: country >>>< 'a'",
    "fee * fee": "decimals are only added, subtracted and compared; write cast(... as double)",
    "floor(fee)": "floor is not there for decimal(6,2); write cast(... as double)",
    "amount and true": "and takes boolean, not double, at the mark in: >>>amount and true",
    "case when amount then 1 end": "case takes boolean, not double",
    "request_time - request_time": "for the time between two write seconds_between(first, last)",
    "hour(amount)": "hour takes timestamp, not double",
    "null": "its value has no type that a column can have",
    "interval '1 day'": "its value has no type that a column can have",
    "coalesce(interval '1 day')": "coalesce is not there for interval",
}
WRONG = {
    "twice": ([{"name": "Amount", "expr": "1"}], [], "two columns are named 'Amount'"),
    "unhidden": ([], ["spend"], "hidden names 'spend', which is no feature of this training set"),
    "kept_label": ([], ["amount"], "hidden names 'amount', which is no feature"),
}
MALFORMED = [
    ("on_demand='amount'", "on_demand must be a list such as"),
    ("on_demand=[{'name': 'x'}]", "an entry of on_demand has a name and an expr"),
    ("on_demand=[{'name': 'x', 'expr': '1', 'type': 'y'}]", "has a name and an expr"),
    ("hidden='amount'", "and hidden a list of names"),
    ("on_demand=[{'name': 'x', 'expr': '1', 'drift': 3}]", "must be a mapping, such as {psi: 0.3}"),
    (
        "on_demand=[{'name': 'x', 'expr': '1', 'drift': {'psy': 3}}]",
        "drift of on-demand feature 'x': unknown key 'psy'",
    ),
    (
        "on_demand=[{'name': 'x', 'expr': '1', 'drift': {'baseline': 'previous_run'}}]",
        "'x'.baseline is 'previous_run'; it must be training_set or season",
    ),
    ("on_demand=[{'name': 'x', 'expr': '1 +'}]", "on-demand feature 'x': a value is expected"),
]


def training_set(labels: str, on_demand: object, hidden: object) -> str:
    return macro_call(
        f"training_set(labels={labels!r}, features=['customer_orders'], on_demand={on_demand!r},"
        f" hidden={hidden!r})"
    )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    models = {
        name: text
        for name, text in payments.models().items()
        if name in ("payments", "customer_orders")
    }
    models["loose"] = "select * from {{ ref('payments') }}"
    for number, expression in enumerate(UNREADABLE):
        call = f"feature_warehouse._parsed_expression({expression!r}, 'here', 'x')"
        models[f"unreadable_{number}"] = f"{{% if execute %}}{{{{ {call} }}}}{{% endif %}}"
    for number, expression in enumerate(SENSELESS):
        entries = [{"name": "x", "expr": expression}, {"name": "later_one", "expr": "1"}]
        models[f"senseless_{number}"] = training_set("payments", entries, [])
    for name, (entries, hidden, _) in WRONG.items():
        models[name] = training_set("payments", entries, hidden)
    models["contractless"] = training_set("loose", [{"name": "x", "expr": "1"}], [])
    models["weighted"] = f"select *, 1 as weight from ({training_set('payments', [], [])}) as t"
    known = ("payments", "customer_orders")
    properties = [one for one in payments.properties() if one["name"] in known]
    label_set = {"label_set": {"timestamp": "paid_at"}}
    properties.append({"name": "loose", "config": {"meta": label_set}})
    types = {**payments.PAYMENT_TYPES, "amount_avg": "double precision", "weight": "integer"}
    columns = [{"name": name, "data_type": kind} for name, kind in types.items()]
    contract = {"contract": {"enforced": True}}
    properties.append({"name": "weighted", "config": contract, "columns": columns})
    host = Host(write_host(tmp_path_factory.mktemp("hosts") / "wrong", models, properties))
    host.dbt("build", code=1)
    return host


def message(host: Host, node: str) -> str:
    result = host.results()[node]
    assert result["status"] == "error"
    return str(result["message"])


# dbt 2 itself stops before there are 25 parentheses in one another.
OF_DBT_1 = {"(" * 30 + "1" + ")" * 30: pytest.mark.dbt_1}


@pytest.mark.parametrize(
    ("number", "says"),
    [
        pytest.param(number, says, marks=OF_DBT_1.get(text, ()))
        for number, (text, says) in enumerate(UNREADABLE.items())
    ],
)
def test_what_is_no_expression(host: Host, number: int, says: str) -> None:
    assert says in message(host, f"unreadable_{number}")


@pytest.mark.parametrize(("number", "says"), list(enumerate(SENSELESS.values())))
def test_what_makes_no_sense(host: Host, number: int, says: str) -> None:
    assert says in message(host, f"senseless_{number}")


@pytest.mark.parametrize("name", WRONG)
def test_wrong_names(host: Host, name: str) -> None:
    assert WRONG[name][-1] in message(host, name)


def test_types_must_be_known(host: Host) -> None:
    assert "label set 'loose' needs an enforced contract" in message(host, "contractless")


def test_a_column_that_no_reader_can_be_given(host: Host) -> None:
    said = message(host, "weighted")
    assert "'weighted' has 1 mistake" in said
    assert "its contract has 'weight', which no reader can be given; make on-demand" in said


def test_the_registry_refuses_what_makes_no_sense(host: Host) -> None:
    with pytest.raises(UsageError) as error:
        read_registry(host.target / "manifest.json")
    mistakes = str(error.value)
    for number in range(len(SENSELESS)):
        # That a column has no type is a mistake of tables only.
        if [*SENSELESS][number] not in ("null", "interval '1 day'"):
            assert f"training set 'senseless_{number}': on-demand feature 'x':" in mistakes


@pytest.mark.parametrize(("arguments", "says"), MALFORMED)
def test_what_is_malformed_stops_the_parser(tmp_path: Path, arguments: str, says: str) -> None:
    call = macro_call(f"training_set(labels='a', features=['b'], {arguments})")
    said = Host(write_host(tmp_path / "malformed", {"malformed": call}, [])).dbt("parse", code=2)
    assert says in said

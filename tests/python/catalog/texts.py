"""Texts with and without personal data. Which is which was decided by a person."""

from collections.abc import Mapping, Sequence
from hashlib import md5, sha256
from uuid import UUID

Texts = Mapping[str, Sequence[str | None]]

DIRTY: Texts = {
    "email": [
        "jane.doe+news@mail.example.co.uk",
        "write to <o'neil_7@example.org>, please",
        "JANE@EXAMPLE.COM",
        None,
    ],
    "phone": [
        "(212) 555-0123",
        "212-555-0123",
        "call 212.555.0123.",
        "+1 212-555-0123",
        "1-212-555-0123 ext. 4",
        "+442079460018",
        "+49 30 123456",
        "tel:+33 (0)1 23 45 67 89.",
    ],
    "card": [
        "4111 1111 1111 1111",
        "5555-5555-5555-4444",
        "card 378282246310005 expires 12/30",
        "6011111111111117",
        "3530111333300000.",
        "30569309025904",
        "2223003122003222",
    ],
    "us_ssn": ["078-05-1120", "SSN: 219-09-9999", "(457-55-5462)"],
    "uk_nino": ["AB123456C", "CE 12 34 56 D", "my number is JG103759A."],
    "br_cpf": ["529.982.247-25"],
    "it_fiscal_code": ["RSSMRA85T10A562S"],
    "mixed": [
        "219-09-9999 or a@example.com",
        "219-09-9999 or a@example.com",
        "219-09-9998",
        "nothing",
        "at all",
    ],
    "flagged": ["a@example.com"],
}
"""Every text of a column is of the kind that the column is named after."""

MIXED = {"us_ssn": 3, "email": 2}

CLEAN: Texts = {
    "tailnum": ["N14228", "N305DQ", "D942DN", "N1EAMQ", "N946UW"],
    "carrier": ["9E", "UA", "B6", "DL", "WN"],
    "flight": ["UA 1545", "DL-2526", "EWR-2013-07-09-1545", "AA1141/JFK", "B6 725 2013-01-01"],
    "instant": [
        "2013-12-31T00:00:00Z",
        "2013-12-31 23:59:59.123456+01:00",
        "2013-12-31T00:00:00.000000-0500",
        "20131231T235959Z",
        "2013-07-09",
        "23:59:59.123456",
    ],
    "uuid": [
        *(str(UUID(int=number * 0x1234567_89ABCDEF_01234567)) for number in range(1, 40)),
        *(str(UUID(int=int(str(number) * 32, 16))) for number in range(10)),
        "41111111-1111-1111-1111-111111111111",
        "12345678-1234-1234-1234-123456789012",
    ],
    "integer": [
        *(str(7**power) for power in range(40)),
        *(str(4_000_000_000_000_000 + 7_919 * number) for number in range(200)),
        *(str(2_125_550_000 + number) for number in range(20)),
        *(str(-5_100_000_000_000_000 - 31 * number) for number in range(50)),
        "1388448000000000",
        "1388448000000",
        "123456789",
    ],
    "decimal": [
        "0.4111111111111111",
        "4111111111111111.5",
        "-212.5550123",
        "1234567.891234",
        "1,234,567.89",
        "+12345678.9",
        "1.5e+10",
        "212.555",
    ],
    "negative": ["-4111111111111111", "-5555555555554444"],
    "serial": [
        "A-078-05-1120",
        "x.529.982.247-25",
        "529.982.247-25-a",
        "4111111111111111-x",
        "XAB123456C",
        "N212-555-0123",
    ],
    "hash": [
        *(md5(bytes([number]), usedforsecurity=False).hexdigest() for number in range(50)),
        *(sha256(bytes([number])).hexdigest().upper() for number in range(50)),
        *(str(int(sha256(bytes([n])).hexdigest(), 16) % 10**16).zfill(16) for n in range(200)),
    ],
    "rest": [
        "a@b",
        "@handle and user@localhost.",
        "192.168.255.1234",
        "v1.2.3-45",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "112-555-0123",
        "x" * 10_000,
        "",
        "Fixed wing multi engine",
        "4111 1111 1111 1112",
        "EWR, JFK: 20 % of 100 - 200",
    ],
}


def rows_of(texts: Texts) -> str:
    """A query with a column for each kind, and the number of the row."""
    length = max(map(len, texts.values()))
    rows = []
    for number in range(length):
        values = [column[number] if number < len(column) else None for column in texts.values()]
        cells = [
            "cast(null as text)" if v is None else f"'{v.replace(chr(39), chr(39) * 2)}'"
            for v in values
        ]
        rows.append(f"({number + 1}, {', '.join(cells)})")
    names = ", ".join(texts)
    return (
        "{{ config(materialized='table') }}\n"
        + f"select * from (values {', '.join(rows)}) as t (row_number, {names})"
    )

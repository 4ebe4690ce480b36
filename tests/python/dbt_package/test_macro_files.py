"""Files of macros call each other in one direction, as modules import."""

import re

from harness.support import ROOT

MACROS = ROOT / "macros"


def test_no_file_needs_one_that_needs_it() -> None:
    texts = {
        str(file.relative_to(MACROS)): file.read_text() for file in sorted(MACROS.rglob("*.sql"))
    }
    owners = {
        name: file for file, text in texts.items() for name in re.findall(r"{%-? macro (\w+)", text)
    }
    needed = {
        file: {
            owners[name]
            for name in re.findall(r"feature_warehouse\.(\w+)\(", text)
            if owners.get(name, file) != file
        }
        for file, text in texts.items()
    }
    assert any(needed.values())
    # What needs nothing that is left is taken away, until all that is left is in a circle.
    while free := [file for file, others in needed.items() if not others & needed.keys()]:
        for file in free:
            del needed[file]
    assert not needed

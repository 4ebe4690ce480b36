"""What to do instead of breaking a reader."""

__all__ = ["add_version", "keep_latest"]


def add_version(kind: str, name: str) -> str:
    """Of a model that is changed in place; ``kind`` is what it is."""
    base, _, version = name.partition(".v")
    if not version:
        return (
            f"leave the {kind} {name} as it is and add a version: `versions: [{{v: 1}}, {{v: 2}}]`,"
            " where version 1 is what is there now"
        )
    return f"leave {name} as it is and add another version of {base}"


def keep_latest(name: str, full: str) -> str:
    """Of a name that comes to mean another version than ``full``."""
    version = full.partition(".v")[2]
    if not version:
        return (
            f"let version 1 of {name} be what it was, with `latest_version: 1`, and change that"
            " when all readers name the version they need"
        )
    return (
        f"keep `latest_version: {version}` of {name} until all readers name the version they need"
        f" ({full})"
    )

"""Feature views that grow: append-only models, snapshots, and the history that is dropped."""

"""The feature server: HTTP over the client, ``feature-warehouse serve``.

Needs the extra ``server``. ``workers`` runs it, ``app`` answers requests, ``json_values`` says how
values stand in JSON.
"""

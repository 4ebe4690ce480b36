"""From the warehouse to Redis.

``run_plan`` decides what a run does with a view and ``publish_view`` does it;
``generations`` holds every change of what readers see, ``services`` those of a service;
``materialize`` runs it all. ``verify`` and ``forget`` use the same parts.
"""

"""Row keys and row values, both directions. Shared by the publisher and the client.

``keys``, ``stored_types``, ``rows`` and ``batches`` are all that a client imports; ``arrow`` turns
whole columns and is for the publisher.
"""

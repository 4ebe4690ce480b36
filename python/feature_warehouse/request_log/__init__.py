"""What readers got, kept: a log of every read of a service, written beside the reads.

``log`` takes reads and writes them in a thread of its own, by ``messages`` in a form that
``descriptions`` make readable without the service, to the carrier that was chosen: ``stream``, a
Redis Stream, or ``folder``, files of Parquet. Services import this when they ask for a log.
"""

from feature_warehouse.request_log.log import RequestLog

__all__ = ["RequestLog"]

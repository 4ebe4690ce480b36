"""Commands on connections of a pool, without what redis-py's clients do around them.

A read may take a mark along (see ``redis_store.read_marks``). Only the first attempt does, and only
the read can fail: once its reply is there, that of the mark is waited for so shortly that a server
which holds up writes, as for a failover, does not hold up a read.
"""

from typing import Any, Final

import redis
from hiredis import pack_command

__all__ = ["exchange", "exchange_marked", "exchange_marked_async"]

_PATIENCE: Final = 0.02
"""Seconds."""


def exchange(pool: Any, command: tuple[str, ...]) -> Any:
    """One command on a connection of the pool, tried again as the connection is told to.

    What ``redis.Redis`` does around it (statistics, callbacks) takes as long as the server does.
    """
    words: Any = command
    packed = [pack_command(words)]
    connection: Any = pool.get_connection()
    replied = False

    def attempt() -> Any:
        nonlocal replied
        connection.send_packed_command(packed)
        try:
            reply = connection.read_response()
        except redis.ResponseError:
            replied = True
            raise
        replied = True
        return reply

    try:
        return connection.retry.call_with_retry(attempt, lambda _: connection.disconnect())
    finally:
        if not replied:
            # Our pools would see to that, one of the caller's own would not.
            connection.disconnect()
        pool.release(connection)


def exchange_marked(pool: Any, read: tuple[str, ...], mark: tuple[str, ...]) -> tuple[Any, bool]:
    """The reply to the read, and whether the server refused the mark."""
    words: Any = (read, mark)
    packed = list(map(pack_command, words))
    connection: Any = pool.get_connection()
    unread = 0

    def attempt() -> Any:
        nonlocal unread
        unread = len(packed)
        connection.send_packed_command(packed)
        try:
            reply = connection.read_response()
        except redis.ResponseError:
            unread -= 1
            raise
        unread -= 1
        return reply

    def again(_: Exception) -> None:
        connection.disconnect()
        del packed[1:]

    try:
        reply = connection.retry.call_with_retry(attempt, again)
        refused = False
        try:
            if unread and connection.can_read(timeout=_PATIENCE):
                connection.read_response()
                unread = 0
        except redis.ResponseError:
            refused, unread = True, 0
        except redis.RedisError:
            pass
        return reply, refused
    finally:
        if unread:
            connection.disconnect()
        pool.release(connection)


async def exchange_marked_async(
    pool: Any, read: tuple[str, ...], mark: tuple[str, ...]
) -> tuple[Any, bool]:
    """The same with a pool of ``redis.asyncio``."""
    words: Any = (read, mark)
    packed = list(map(pack_command, words))
    connection: Any = await pool.get_connection()
    unread = 0

    async def attempt() -> Any:
        nonlocal unread
        unread = len(packed)
        await connection.send_packed_command(packed)
        try:
            reply = await connection.read_response()
        except redis.ResponseError:
            unread -= 1
            raise
        unread -= 1
        return reply

    async def again(_: Exception) -> None:
        await connection.disconnect(nowait=True)
        del packed[1:]

    try:
        reply = await connection.retry.call_with_retry(attempt, again)
        refused = False
        try:
            # None if it has not come in that time.
            if unread and await connection.read_response(timeout=_PATIENCE) is not None:
                unread = 0
        except redis.ResponseError:
            refused, unread = True, 0
        except redis.RedisError:
            pass
        return reply, refused
    finally:
        if unread:
            await connection.disconnect(nowait=True)
        await pool.release(connection)

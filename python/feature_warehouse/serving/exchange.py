"""How the commands of a read reach Redis, by either client, and what it replies.

A read may take a mark along (see ``redis_store.read_marks``). Only the first attempt does, and only
the read can fail: once its reply is there, that of the mark is waited for so shortly that a server
which holds up writes, as for a failover, does not hold up a read.
"""

from typing import Any, Final, TypeVar

import redis
from hiredis import pack_command

from feature_warehouse.redis_store.connection import ERRORS, is_cluster
from feature_warehouse.redis_store.steps import MarkedRead, ReadSteps

__all__ = ["execute_async", "result_of"]

_Result = TypeVar("_Result")

_ONE_BY_ONE: Final = {"MGET": "GET", "EXISTS": "EXISTS"}
"""Commands of several keys, and what becomes of them in a cluster."""

_PATIENCE: Final = 0.02
"""Seconds."""


def execute(client: Any, command: tuple[str, ...] | MarkedRead, *, bare: bool) -> Any:
    """The reply to a command, or what ``MarkedRead`` says.

    ``bare`` is whether nobody watches or changes the client's commands, so that they may go without
    what redis-py does around them.
    """
    if isinstance(command, MarkedRead):
        return _execute_marked(client, *command, bare=bare)
    if bare and command[0] == "MGET":
        return _exchange(client.connection_pool, command)
    if command[0] not in _ONE_BY_ONE or not is_cluster(client):
        return client.execute_command(*command)
    with client.pipeline() as pipeline:
        for key in command[1:]:
            pipeline.execute_command(_ONE_BY_ONE[command[0]], key)
        return _together(command[0], pipeline.execute(raise_on_error=False))


def result_of(client: Any, steps: ReadSteps[_Result], *, bare: bool) -> _Result:
    """What steps come to that are carried out by a client. Raises what they raise, and redis-py."""
    try:
        command = next(steps)
        while True:
            try:
                reply = execute(client, command, bare=bare)
            except redis.ResponseError as error:
                command = steps.throw(error)
            else:
                command = steps.send(reply)
    except StopIteration as end:
        result: _Result = end.value
        return result


def _execute_marked(
    client: Any, read: tuple[str, ...], mark: tuple[str, ...], *, bare: bool
) -> tuple[Any, bool]:
    if bare:
        return _exchange_marked(client.connection_pool, read, mark)
    if is_cluster(client):
        with client.pipeline() as pipeline:
            for key in read[1:]:
                pipeline.get(key)
            pipeline.execute_command(*mark)
            *replies, done = pipeline.execute(raise_on_error=False)
        return _together(read[0], replies), isinstance(done, redis.ResponseError)
    # Whoever stands in between may know nothing but single commands.
    replies, refused = execute(client, read, bare=bare), False
    try:
        client.execute_command(*mark)
    except ERRORS as error:
        refused = isinstance(error, redis.ResponseError)
    return replies, refused


async def execute_async(client: Any, command: tuple[str, ...] | MarkedRead) -> Any:
    """The same with a client of ``redis.asyncio``."""
    if isinstance(command, MarkedRead):
        return await _execute_marked_async(client, *command)
    if command[0] == "MGET" and _is_bare(client):
        return await _exchange_async(client.connection_pool, command)
    if command[0] not in _ONE_BY_ONE or not is_cluster(client):
        return await client.execute_command(*command)
    async with client.pipeline() as pipeline:
        for key in command[1:]:
            pipeline.execute_command(_ONE_BY_ONE[command[0]], key)
        return _together(command[0], await pipeline.execute(raise_on_error=False))


async def _execute_marked_async(
    client: Any, read: tuple[str, ...], mark: tuple[str, ...]
) -> tuple[Any, bool]:
    if is_cluster(client):
        async with client.pipeline() as pipeline:
            for key in read[1:]:
                pipeline.get(key)
            pipeline.execute_command(*mark)
            *replies, done = await pipeline.execute(raise_on_error=False)
        return _together(read[0], replies), isinstance(done, redis.ResponseError)
    if _is_bare(client):
        return await _exchange_marked_async(client.connection_pool, read, mark)
    replies, refused = await execute_async(client, read), False
    try:
        await client.execute_command(*mark)
    except ERRORS as error:
        refused = isinstance(error, redis.ResponseError)
    return replies, refused


def _is_bare(client: Any) -> bool:
    """Whether nobody watches or changes the commands of a client of ``redis.asyncio``."""
    way = getattr(type(client), "execute_command", None)
    return way is redis.asyncio.Redis.execute_command and not client.single_connection_client


def _together(command: str, replies: list[Any]) -> Any:
    """What one command of all keys would have said: MGET finds nothing where there is no text."""
    for place, reply in enumerate(replies):
        if isinstance(reply, redis.ResponseError) and str(reply).startswith("WRONGTYPE"):
            replies[place] = None
        elif isinstance(reply, Exception):
            raise reply
    return sum(replies) if command == "EXISTS" else replies


def _exchange(pool: Any, command: tuple[str, ...]) -> Any:
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


def _exchange_marked(pool: Any, read: tuple[str, ...], mark: tuple[str, ...]) -> tuple[Any, bool]:
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


async def _exchange_async(pool: Any, command: tuple[str, ...]) -> Any:
    """The same as ``_exchange`` with a pool of ``redis.asyncio``."""
    words: Any = command
    packed = [pack_command(words)]
    connection: Any = await pool.get_connection()
    replied = False

    async def attempt() -> Any:
        nonlocal replied
        await connection.send_packed_command(packed)
        try:
            reply = await connection.read_response()
        except redis.ResponseError:
            replied = True
            raise
        replied = True
        return reply

    async def again(_: Exception) -> None:
        await connection.disconnect(nowait=True)

    try:
        return await connection.retry.call_with_retry(attempt, again)
    finally:
        if not replied:
            await connection.disconnect(nowait=True)
        await pool.release(connection)


async def _exchange_marked_async(
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

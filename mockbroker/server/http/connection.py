"""One connection to the control plane: HTTP/1.1 by h11 over a trio stream.

Rules kept here:

- h11 decides what is HTTP. What is not is answered with 400 and the connection ends.
- A request has to be there within half a minute, and is 16 MiB at most; idle connections are closed.
- A stream of events lasts until the client goes, and so does a wait.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import h11
import trio

from mockbroker.server.http.messages import EventStream, Request, Response
from mockbroker.server.http.problems import Problem
from mockbroker.version import VERSION

if TYPE_CHECKING:
    from mockbroker.server.http.app import App

__all__ = ["serve_connection"]

_MAX_BODY = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_REQUEST_SECONDS = 30.0
_IDLE_SECONDS = 75.0
_LINGER_SECONDS = 1.0


async def serve_connection(stream: trio.SocketStream, app: App) -> None:
    """Answer requests until the client goes."""
    await _Connection(stream, app).run()


class _Connection:
    def __init__(self, stream: trio.SocketStream, app: App) -> None:
        self._stream = stream
        self._app = app
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        while True:
            try:
                request = await self._next_request()
            except h11.RemoteProtocolError as error:
                await self._refuse(Problem(error.error_status_hint, str(error)))
                return
            except Problem as problem:
                await self._refuse(problem)
                return
            if request is None:
                return
            answer = await self._answer_while_there(request)
            if answer is None:
                return
            if isinstance(answer, EventStream):
                await self._stream_events(answer)
                return
            await self._send(answer, request.method == "HEAD")
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _answer_while_there(self, request: Request) -> Response | EventStream | None:
        """None: the client has gone before there was an answer, as from a wait."""
        answer = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            answer = await self._app.answer(request)
            nursery.cancel_scope.cancel()
        return answer

    async def _watch(self, scope: trio.CancelScope) -> None:
        """Cancel when the client goes. Whoever sends the next request already is there, and is not looked after."""
        try:
            data = await self._stream.receive_some(_CHUNK)
        except trio.BrokenResourceError:
            data = b""
        if data:
            self._http.receive_data(data)
        else:
            scope.cancel()

    async def _next_request(self) -> Request | None:
        """None: the client is gone, or was silent for too long."""
        with trio.move_on_after(_IDLE_SECONDS) as patience:
            event = await self._next_event()
            if not isinstance(event, h11.Request):
                return None
            patience.deadline = trio.current_time() + _REQUEST_SECONDS
            body = bytearray()
            while True:
                part = await self._next_event()
                if isinstance(part, h11.EndOfMessage):
                    return _request(event, bytes(body), self._stream.socket.getsockname()[0])
                if not isinstance(part, h11.Data):
                    return None
                body += part.data
                if len(body) > _MAX_BODY:
                    raise Problem(413, f"a body has {_MAX_BODY} bytes at most")
        return None

    async def _next_event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._stream.receive_some(_CHUNK))

    async def _send(self, response: Response, is_head: bool) -> None:
        headers = [
            ("Content-Length", str(len(response.body))),
            ("Server", f"mockbroker/{VERSION}"),
            ("X-Content-Type-Options", "nosniff"),
            *response.headers,
        ]
        if response.body or response.status == 200:
            headers.insert(0, ("Content-Type", response.content_type))
        await self._write(h11.Response(status_code=response.status, headers=headers))
        if response.body and not is_head:
            await self._write(h11.Data(data=response.body))
        await self._write(h11.EndOfMessage())

    async def _refuse(self, problem: Problem) -> None:
        """The answer to what is no request."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            with suppress(h11.LocalProtocolError):
                response = Response.of_problem(problem)
                await self._send(
                    response._replace(headers=(*response.headers, ("Connection", "close"))), False
                )
                await self._linger()

    async def _linger(self) -> None:
        """To close on somebody who is still sending would take the answer from his hands."""
        with suppress(trio.BrokenResourceError), trio.move_on_after(_LINGER_SECONDS):
            await self._stream.send_eof()
            while await self._stream.receive_some(_CHUNK):
                pass

    async def _stream_events(self, events: EventStream) -> None:
        headers = [
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
        await self._write(h11.Response(status_code=200, headers=headers))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._until_gone, nursery.cancel_scope)
            async for part in events.parts():
                await self._write(h11.Data(data=part))

    async def _until_gone(self, scope: trio.CancelScope) -> None:
        """What a client sends while events stream is passed over; when it ends, so does the stream."""
        with suppress(trio.BrokenResourceError):
            while await self._stream.receive_some(_CHUNK):
                pass
        scope.cancel()

    async def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            await self._stream.send_all(data)


def _request(event: h11.Request, body: bytes, local_host: str) -> Request:
    target = urlsplit(event.target.decode("ascii", "replace"))
    return Request(
        event.method.decode("ascii", "replace"),
        [unquote(part) for part in target.path.split("/")],
        parse_qs(target.query, keep_blank_values=True),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers},
        body,
        local_host,
    )

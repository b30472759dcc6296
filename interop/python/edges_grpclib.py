"""Calls the server for calls at their edges with grpclib, and tells of each call what it saw, a line of JSON each.

grpclib sends until the stream is reset: it does not look at a status that comes before."""

import asyncio

import messages_pb2
from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.exceptions import GRPCError, StreamTerminatedError

import edges

PREFIX = "/grpc.testing.TestService/"
DEADLINE_EXCEEDED = 4
# Node's HTTP/2 ends a connection on which a client has reset more than 1,000 streams.
CALLS_PER_CONNECTION = 250


class Test:
    def __init__(self, channel):
        simple = messages_pb2.SimpleRequest, messages_pb2.SimpleResponse
        output = messages_pb2.StreamingOutputCallRequest, messages_pb2.StreamingOutputCallResponse
        upload = messages_pb2.StreamingInputCallRequest, messages_pb2.StreamingInputCallResponse
        self.unary = UnaryUnaryMethod(channel, PREFIX + "UnaryCall", *simple)
        self.server_stream = UnaryStreamMethod(channel, PREFIX + "StreamingOutputCall", *output)
        self.client_stream = StreamUnaryMethod(channel, PREFIX + "StreamingInputCall", *upload)
        self.bidi = StreamStreamMethod(channel, PREFIX + "FullDuplexCall", *output)
        self.half_duplex = StreamStreamMethod(channel, PREFIX + "HalfDuplexCall", *output)


async def repeat(n, work):
    numbers = iter(range(n))

    async def worker():
        for i in numbers:
            await work(i)

    await asyncio.gather(*(worker() for _ in range(edges.CALLS_AT_A_TIME)))


async def ending_of(method, request, **options):
    """The responses that come to one request, and the code behind them."""
    responses = []
    try:
        async with method.open(**options) as stream:
            await stream.send_message(request, end=True)
            while (response := await stream.recv_message()) is not None:
                responses.append(response)
    except GRPCError as error:
        return responses, error.status.value
    except asyncio.TimeoutError:
        return responses, DEADLINE_EXCEEDED
    return responses, 0


def status_before_reset(stream):
    """grpclib raises the reset where the status behind which it came is OK, and keeps the trailers to itself."""
    return int(dict(stream._stream.trailers)["grpc-status"])


async def late_response(port, calls):
    shapes = {
        "unary": (lambda test: test.unary, messages_pb2.SimpleRequest()),
        "serverStream": (lambda test: test.server_stream, messages_pb2.StreamingOutputCallRequest()),
        "clientStream": (lambda test: test.client_stream, messages_pb2.StreamingInputCallRequest()),
        "bidi": (lambda test: test.bidi, messages_pb2.StreamingOutputCallRequest()),
    }
    for shape, (method_of, request) in shapes.items():
        for first in range(0, calls, CALLS_PER_CONNECTION):
            async with Channel("127.0.0.1", port) as channel:
                method = method_of(Test(channel))

                async def once(i, shape=shape, method=method, request=request):
                    offset_ms = edges.offset_ms_of(i)
                    options = {"timeout": edges.short_timeout_s(), "metadata": {"x-offset-ms": str(offset_ms)}}
                    responses, code = await ending_of(method, request, **options)
                    edges.tell(shape=shape, offsetMs=offset_ms, code=code, received=len(responses))

                await repeat(min(CALLS_PER_CONNECTION, calls - first), once)


async def long_deadline(test):
    for timeout_s in edges.LONG_DEADLINES_S:
        responses, code = await ending_of(test.unary, messages_pb2.SimpleRequest(), timeout=timeout_s)
        edges.tell(askedMs=timeout_s * 1000, code=code, seenMs=edges.long_deadline_seen(responses))


async def early_end(test, calls):
    payload = messages_pb2.Payload(body=bytes(edges.MESSAGE_BYTES))
    for shape, request in (
        ("clientStream", messages_pb2.StreamingInputCallRequest(payload=payload)),
        ("bidi", messages_pb2.StreamingOutputCallRequest(payload=payload)),
    ):
        for end in edges.ENDS:
            if shape == "clientStream" and end == "unimplemented":
                continue  # the one stream that is left out is an exchange

            async def once(_, shape=shape, request=request, end=end):
                method = test.client_stream if shape == "clientStream" else test.bidi
                if end == "unimplemented":
                    method = test.half_duplex
                sent, code = 0, 0
                try:
                    async with method.open(timeout=30, metadata={"x-end": end}) as stream:
                        for _ in range(edges.MAX_MESSAGES):
                            await stream.send_message(request)
                            sent += 1
                            await asyncio.sleep(edges.REST_S)
                        await stream.end()
                        while await stream.recv_message() is not None:
                            pass
                except GRPCError as error:
                    code = error.status.value
                except StreamTerminatedError:
                    code = status_before_reset(stream)
                edges.tell(shape=shape, end=end, code=code, sent=sent)

            await repeat(calls, once)


async def main():
    asked = edges.arguments()
    if asked.experiment == "late-response":
        await late_response(asked.server_port, asked.calls)
        return
    async with Channel("127.0.0.1", asked.server_port) as channel:
        test = Test(channel)
        if asked.experiment == "long-deadline":
            await long_deadline(test)
        else:
            await early_end(test, asked.calls)


asyncio.run(main())

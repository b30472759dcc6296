"""A server of grpcio or grpclib for the measurements of peers. The first line that it prints is the port; then one for each
upload that ends."""

import argparse
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpclib.const
import grpclib.server
import messages_pb2
import test_pb2_grpc

PREFIX = "/grpc.testing.TestService/"


def say(text):
    print(text, flush=True)


class WithGrpcio(test_pb2_grpc.TestServiceServicer):
    def FullDuplexCall(self, request_iterator, context):
        """Never reads what it is sent."""
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait()
        return iter(())

    def StreamingInputCall(self, request_iterator, context):
        """Reads to the end and tells how that was."""
        count = 0
        try:
            for _ in request_iterator:
                count += 1
        except Exception as error:
            say(f"cancelled {count}: {type(error).__name__}")
            raise
        say(f"whole {count}")
        return messages_pb2.StreamingInputCallResponse()


class WithGrpclib:
    async def full_duplex_call(self, stream):
        """Never reads what it is sent."""
        await asyncio.Event().wait()

    async def streaming_input_call(self, stream):
        """Reads to the end and tells how that was."""
        count = 0
        try:
            while await stream.recv_message() is not None:
                count += 1
        except BaseException as error:
            say(f"cancelled {count}: {type(error).__name__}")
            raise
        say(f"whole {count}")
        await stream.send_message(messages_pb2.StreamingInputCallResponse())

    def __mapping__(self):
        cardinality = grpclib.const.Cardinality
        handler = grpclib.const.Handler
        return {
            PREFIX + "FullDuplexCall": handler(
                self.full_duplex_call,
                cardinality.STREAM_STREAM,
                messages_pb2.StreamingOutputCallRequest,
                messages_pb2.StreamingOutputCallResponse,
            ),
            PREFIX + "StreamingInputCall": handler(
                self.streaming_input_call,
                cardinality.STREAM_UNARY,
                messages_pb2.StreamingInputCallRequest,
                messages_pb2.StreamingInputCallResponse,
            ),
        }


async def serve_grpclib():
    server = grpclib.server.Server([WithGrpclib()])
    await server.start("127.0.0.1", 0)
    say(server._server.sockets[0].getsockname()[1])
    await server.wait_closed()


def serve_grpcio():
    server = grpc.server(ThreadPoolExecutor(4))
    test_pb2_grpc.add_TestServiceServicer_to_server(WithGrpcio(), server)
    say(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()


parser = argparse.ArgumentParser()
parser.add_argument("--library", choices=("grpcio", "grpclib"), required=True)
if parser.parse_args().library == "grpcio":
    serve_grpcio()
else:
    asyncio.run(serve_grpclib())

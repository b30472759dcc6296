#!/usr/bin/env bash
# grpclib 0.4.9 (Python, asyncio): a client that still sends when the server has answered with OK never gets that answer. It gets
# StreamTerminatedError, and recv_message() cannot read the response that has come before.
#
# A grpcio 1.85.1 server answers a stream of requests at the first one, with a response and status OK. It then resets the stream
# with NO_ERROR, as every gRPC server does that wants no more requests (RFC 9113, section 8.1: "Clients MUST NOT discard responses as
# a result of receiving such a RST_STREAM"). Seen, twenty calls of grpclib that send 16 KiB each two milliseconds:
#
#   grpclib client: StreamTerminatedError: Stream reset by remote party, error_code: 0 (20 of 20), response read: 0
#   grpcio client, the same calls: OK (20 of 20), response read: 20
#
# One would have guessed that grpclib reads the response. With a status other than OK it does tell of that status: the error leaves
# `async with`, which looks into the trailers; for OK nothing is raised there, and the reset is what the caller sees.
#
# Exit code: 0 when grpclib loses the response in some call, 1 when it loses none.
# Needs: python3 with venv, and PyPI.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check grpcio==1.85.1 grpclib==0.4.9 protobuf

cat > "$folder/early.py" <<'PYTHON'
import asyncio
import collections
import sys
import time
from concurrent import futures

import grpc
from google.protobuf.wrappers_pb2 import BytesValue
from grpclib.client import Channel, StreamUnaryMethod
from grpclib.exceptions import StreamTerminatedError

CALLS, MESSAGES, REST_S, PATIENCE_S = 20, 200, 0.002, 30
METHOD = "/test.Upload/Upload"
MESSAGE = BytesValue(value=b"x" * 16 * 1024)


def upload(requests, context):
    next(requests)
    return BytesValue(value=b"enough")


handler = grpc.stream_unary_rpc_method_handler(upload, BytesValue.FromString, BytesValue.SerializeToString)
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Upload", {"Upload": handler}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()


async def with_grpclib():
    ends, responses = collections.Counter(), 0
    async with Channel("127.0.0.1", port) as channel:
        method = StreamUnaryMethod(channel, METHOD, BytesValue, BytesValue)
        for _ in range(CALLS):
            end = "OK"
            try:
                async with method.open(timeout=PATIENCE_S) as stream:
                    try:
                        for _ in range(MESSAGES):
                            await stream.send_message(MESSAGE)
                            await asyncio.sleep(REST_S)
                        await stream.end()
                    except StreamTerminatedError:
                        pass  # the server wants no more; what it has answered is to be read
                    responses += await stream.recv_message() is not None
            except StreamTerminatedError as error:
                end = f"StreamTerminatedError: {error}"
            ends[end] += 1
    return ends, responses


def with_grpcio():
    ends, responses = collections.Counter(), 0

    def messages():
        for _ in range(MESSAGES):
            yield MESSAGE
            time.sleep(REST_S)

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.stream_unary(METHOD, BytesValue.SerializeToString, BytesValue.FromString)
        for _ in range(CALLS):
            responses += call(messages(), timeout=PATIENCE_S) is not None
            ends["OK"] += 1
    return ends, responses


lost = 0
for name, (ends, responses) in (("grpclib", asyncio.run(with_grpclib())), ("grpcio", with_grpcio())):
    print(f"{name} client: {dict(ends)}, responses read: {responses} of {CALLS}")
    if name == "grpclib":
        lost = CALLS - responses
server.stop(0).wait()
sys.exit(0 if lost > 0 else 1)
PYTHON

timeout 180 "$folder/venv/bin/python" "$folder/early.py"

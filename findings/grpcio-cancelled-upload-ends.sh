#!/usr/bin/env bash
# grpcio 1.85.1 (Python, the synchronous API): a handler of a stream of requests whose client cancels often sees the stream END, as
# if the client had sent everything. No exception, and context.is_active() is still True.
#
# One process, a grpcio server and a grpcio client. Each of 300 calls sends five messages, keeps its stream open, waits until the
# handler has read all five, and cancels. What the handler sees, three runs of 200 calls on a machine with two busy cores:
#
#   the iterator raised: 124   the iterator ended: 76 (context.is_active() True in all of them)
#   the iterator raised: 125   the iterator ended: 75
#   the iterator raised: 108   the iterator ended: 92
#
# One would have guessed 0. A read that is pending when the client cancels completes without a message, and grpc/_server.py
# (_receive_message) takes any such completion for the half-close; the notice of the cancellation is another event, which may come
# later. A handler that commits at the end of the iterator commits a part of the upload in those calls. Clients of other makes see
# the same, ones that reset the stream without a half-close too.
#
# Exit code: 0 when some of the cancelled uploads end without an exception, 1 when none does.
# Needs: python3 with venv, and PyPI.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check grpcio==1.85.1

cat > "$folder/cancel.py" <<'PYTHON'
import collections
import sys
import threading
from concurrent import futures

import grpc

CALLS, MESSAGES, PATIENCE_S = 300, 5, 10
seen = collections.Counter()
read, told = threading.Semaphore(0), threading.Semaphore(0)


def upload(requests, context):
    count = 0
    try:
        for _ in requests:
            count += 1
            if count == MESSAGES:
                read.release()
        seen[f"the iterator ended, is_active() {context.is_active()}"] += 1
        return b""
    except Exception:
        seen["the iterator raised"] += 1
        raise
    finally:
        told.release()


handler = grpc.stream_unary_rpc_method_handler(upload)
server = grpc.server(futures.ThreadPoolExecutor(8))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Upload", {"Upload": handler}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()

with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    call = channel.stream_unary("/test.Upload/Upload")
    for _ in range(CALLS):
        over = threading.Event()

        def messages(over=over):
            for _ in range(MESSAGES):
                yield b"x" * 1024
            over.wait(PATIENCE_S)  # the upload goes on, so no half-close is sent

        future = call.future(messages())
        assert read.acquire(timeout=PATIENCE_S), "the handler did not read"
        future.cancel()
        assert told.acquire(timeout=PATIENCE_S), "the handler did not end"
        over.set()
server.stop(0).wait()

print(f"grpcio {grpc.__version__}, Python {sys.version.split()[0]}: {CALLS} cancelled uploads")
for what, count in sorted(seen.items()):
    print(f"{what}: {count}")
sys.exit(0 if any(what.startswith("the iterator ended") for what in seen) else 1)
PYTHON

timeout 120 "$folder/venv/bin/python" "$folder/cancel.py"

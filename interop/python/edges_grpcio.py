"""Calls the server for calls at their edges with grpcio, and tells of each call what it saw, a line of JSON each."""

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import messages_pb2
import test_pb2_grpc

import edges


def repeat(n, work):
    with ThreadPoolExecutor(edges.CALLS_AT_A_TIME) as pool:
        for _ in pool.map(work, range(n)):
            pass


def ending_of(call):
    """The responses that come, and the code behind them. A response that is None is none."""
    responses = []
    try:
        responses.extend(response for response in call() if response is not None)
    except grpc.RpcError as error:
        return responses, error.code().value[0]
    return responses, 0


def late_response(port, calls):
    simple = messages_pb2.SimpleRequest()
    upload = messages_pb2.StreamingInputCallRequest()
    output = messages_pb2.StreamingOutputCallRequest()
    shapes = {
        "unary": lambda test, **options: [test.UnaryCall(simple, **options)],
        "serverStream": lambda test, **options: test.StreamingOutputCall(output, **options),
        "clientStream": lambda test, **options: [test.StreamingInputCall(iter([upload]), **options)],
        "bidi": lambda test, **options: test.FullDuplexCall(iter([output]), **options),
    }
    for shape, call in shapes.items():
        # A connection for each: Node's HTTP/2 ends one on which a client has reset more than 1,000 calls.
        with connect(port) as channel:
            test = test_pb2_grpc.TestServiceStub(channel)

            def once(i, shape=shape, call=call, test=test):
                offset_ms = edges.offset_ms_of(i)
                options = {"metadata": (("x-offset-ms", str(offset_ms)),), "timeout": edges.short_timeout_s()}
                responses, code = ending_of(lambda: call(test, **options))
                edges.tell(shape=shape, offsetMs=offset_ms, code=code, received=len(responses))

            repeat(calls, once)


def long_deadline(test):
    for timeout_s in edges.LONG_DEADLINES_S:
        responses, code = ending_of(lambda: [test.UnaryCall(messages_pb2.SimpleRequest(), timeout=timeout_s)])
        edges.tell(askedMs=timeout_s * 1000, code=code, seenMs=edges.long_deadline_seen(responses))


def early_end(test, calls):
    payload = messages_pb2.Payload(body=bytes(edges.MESSAGE_BYTES))
    for shape, request in (
        ("clientStream", messages_pb2.StreamingInputCallRequest(payload=payload)),
        ("bidi", messages_pb2.StreamingOutputCallRequest(payload=payload)),
    ):
        for end in edges.ENDS:
            if shape == "clientStream" and end == "unimplemented":
                continue  # the one stream that is left out is an exchange

            def once(_, shape=shape, request=request, end=end):
                sent = 0

                def requests():
                    nonlocal sent
                    while sent < edges.MAX_MESSAGES:
                        sent += 1
                        yield request
                        time.sleep(edges.REST_S)

                options = {"metadata": (("x-end", end),), "timeout": 30}
                if shape == "clientStream":
                    _, code = ending_of(lambda: [test.StreamingInputCall(requests(), **options)])
                else:
                    method = test.HalfDuplexCall if end == "unimplemented" else test.FullDuplexCall
                    _, code = ending_of(lambda: method(requests(), **options))
                edges.tell(shape=shape, end=end, code=code, sent=sent)

            repeat(calls, once)


def connect(port):
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=(("grpc.use_local_subchannel_pool", 1),))


def main():
    asked = edges.arguments()
    if asked.experiment == "late-response":
        late_response(asked.server_port, asked.calls)
        return
    with connect(asked.server_port) as channel:
        test = test_pb2_grpc.TestServiceStub(channel)
        if asked.experiment == "long-deadline":
            long_deadline(test)
        else:
            early_end(test, asked.calls)


main()

"""Runs one case of the interop tests with grpcio. Exit code 0 when it passed."""

import argparse
import queue
import time

import grpc
import empty_pb2
import messages_pb2
import test_pb2_grpc

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
STATUS = (2, "test status message")
SPECIAL_STATUS = (2, "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def large_request(size=LARGE_REQUEST, response_size=LARGE_RESPONSE):
    return messages_pb2.SimpleRequest(payload=zeros(size), response_size=response_size)


def duplex_request(size, *response_sizes):
    parameters = [messages_pb2.ResponseParameters(size=each) for each in response_sizes]
    return messages_pb2.StreamingOutputCallRequest(payload=zeros(size), response_parameters=parameters)


def sizes(responses):
    return tuple(len(response.payload.body) for response in responses)


def status_of(call):
    """The end of a call that must not end well."""
    try:
        for _ in call:
            pass
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call ended with OK")


def unary_status_of(method, request):
    try:
        method(request)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call ended with OK")


def open_requests(*first):
    """Requests that end when None is put."""
    requests = queue.Queue()
    for each in first:
        requests.put(each)
    return requests, iter(requests.get, None)


def empty_unary(test, *_):
    equal(test.EmptyCall(empty_pb2.Empty()), empty_pb2.Empty())


def large_unary(test, *_):
    equal(sizes([test.UnaryCall(large_request())]), (LARGE_RESPONSE,))


def client_streaming(test, *_):
    requests = (messages_pb2.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES)
    equal(test.StreamingInputCall(requests).aggregated_payload_size, 74922)


def server_streaming(test, *_):
    equal(sizes(test.StreamingOutputCall(duplex_request(0, *RESPONSE_SIZES))), RESPONSE_SIZES)


def ping_pong(test, *_):
    requests, iterator = open_requests()
    call = test.FullDuplexCall(iterator)
    for size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.put(duplex_request(size, response_size))
        equal(sizes([next(call)]), (response_size,))
    requests.put(None)
    equal(list(call), [])


def empty_stream(test, *_):
    equal(list(test.FullDuplexCall(iter(()))), [])


def cancel_after_begin(test, *_):
    requests, iterator = open_requests()
    call = test.StreamingInputCall.future(iterator)
    call.cancel()
    equal((call.cancelled(), call.code()), (True, grpc.StatusCode.CANCELLED))
    requests.put(None)


def cancel_after_first_response(test, *_):
    requests, iterator = open_requests(duplex_request(REQUEST_SIZES[0], RESPONSE_SIZES[0]))
    call = test.FullDuplexCall(iterator)
    equal(sizes([next(call)]), RESPONSE_SIZES[:1])
    call.cancel()
    equal(status_of(call)[0], grpc.StatusCode.CANCELLED)
    requests.put(None)


def timeout_on_sleeping_server(test, *_):
    requests, iterator = open_requests(duplex_request(REQUEST_SIZES[0]))
    equal(status_of(test.FullDuplexCall(iterator, timeout=0.001))[0], grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.put(None)


def custom_metadata(test, *_):
    metadata = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))

    def is_echoed(call):
        assert metadata[0] in tuple(map(tuple, call.initial_metadata())), call.initial_metadata()
        assert metadata[1] in tuple(map(tuple, call.trailing_metadata())), call.trailing_metadata()

    response, call = test.UnaryCall.with_call(large_request(), metadata=metadata)
    equal(sizes([response]), (LARGE_RESPONSE,))
    is_echoed(call)
    call = test.FullDuplexCall(iter([duplex_request(LARGE_REQUEST, LARGE_RESPONSE)]), metadata=metadata)
    equal(sizes(call), (LARGE_RESPONSE,))
    is_echoed(call)


def status_code_and_message(test, *_):
    status = messages_pb2.EchoStatus(code=STATUS[0], message=STATUS[1])
    expected = (grpc.StatusCode.UNKNOWN, STATUS[1])
    equal(unary_status_of(test.UnaryCall, messages_pb2.SimpleRequest(response_status=status)), expected)
    request = messages_pb2.StreamingOutputCallRequest(response_status=status)
    equal(status_of(test.FullDuplexCall(iter([request]))), expected)


def special_status_message(test, *_):
    status = messages_pb2.EchoStatus(code=SPECIAL_STATUS[0], message=SPECIAL_STATUS[1])
    request = messages_pb2.SimpleRequest(response_status=status)
    equal(unary_status_of(test.UnaryCall, request), (grpc.StatusCode.UNKNOWN, SPECIAL_STATUS[1]))


def unimplemented_method(test, *_):
    equal(unary_status_of(test.UnimplementedCall, empty_pb2.Empty())[0], grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(_, channel, *__):
    service = test_pb2_grpc.UnimplementedServiceStub(channel)
    equal(unary_status_of(service.UnimplementedCall, empty_pb2.Empty())[0], grpc.StatusCode.UNIMPLEMENTED)


def soak(options, test, is_own):
    end = time.monotonic() + options.soak_overall_timeout_seconds
    for _ in range(options.soak_iterations):
        channel = open_channel(options) if is_own else None
        start = time.monotonic()
        large_unary(test_pb2_grpc.TestServiceStub(channel) if is_own else test)
        ms = 1000 * (time.monotonic() - start)
        assert ms <= options.soak_per_iteration_max_acceptable_latency_ms, f"a call took {ms} ms"
        if is_own:
            channel.close()
    assert time.monotonic() <= end, "the soak took too long"


def rpc_soak(test, _, options):
    soak(options, test, False)


def channel_soak(test, _, options):
    soak(options, test, True)


def open_channel(options):
    address = f"{options.server_host}:{options.server_port}"
    settings = [("grpc.use_local_subchannel_pool", 1)]
    if options.use_tls != "true":
        return grpc.insecure_channel(address, settings)
    if options.server_host_override:
        settings.append(("grpc.ssl_target_name_override", options.server_host_override))
    roots = None
    if options.use_test_ca == "true":
        with open(options.ca_file, "rb") as file:
            roots = file.read()
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(roots), settings)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_host_override")
    parser.add_argument("--server_port", type=int, default=10000)
    parser.add_argument("--test_case", required=True)
    parser.add_argument("--use_tls", choices=("true", "false"), default="false")
    parser.add_argument("--use_test_ca", choices=("true", "false"), default="false")
    parser.add_argument("--ca_file")
    parser.add_argument("--soak_iterations", type=int, default=10)
    parser.add_argument("--soak_per_iteration_max_acceptable_latency_ms", type=int, default=1000)
    parser.add_argument("--soak_overall_timeout_seconds", type=int, default=10)
    options = parser.parse_args()
    with open_channel(options) as channel:
        globals()[options.test_case](test_pb2_grpc.TestServiceStub(channel), channel, options)


main()

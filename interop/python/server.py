"""Serves the interop test service with grpcio, until it is ended."""

import argparse
import time
from concurrent import futures

import grpc
import empty_pb2
import messages_pb2
import test_pb2_grpc

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == ECHO_INITIAL:
            context.send_initial_metadata(((key, value),))
        elif key == ECHO_TRAILING:
            context.set_trailing_metadata(((key, value),))


def zeros(size):
    return messages_pb2.Payload(body=bytes(size))


def end_as_asked(request, context):
    status = request.response_status
    if status.code != 0:
        code = next(each for each in grpc.StatusCode if each.value[0] == status.code)
        context.abort(code, status.message)


class TestService(test_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        end_as_asked(request, context)
        return messages_pb2.SimpleResponse(payload=zeros(request.response_size))

    def StreamingOutputCall(self, request, context):
        end_as_asked(request, context)
        for parameters in request.response_parameters:
            time.sleep(parameters.interval_us / 1e6)
            yield messages_pb2.StreamingOutputCallResponse(payload=zeros(parameters.size))

    def StreamingInputCall(self, requests, context):
        total = sum(len(request.payload.body) for request in requests)
        return messages_pb2.StreamingInputCallResponse(aggregated_payload_size=total)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            yield from self.StreamingOutputCall(request, context)

    def HalfDuplexCall(self, requests, context):
        for request in list(requests):
            yield from self.StreamingOutputCall(request, context)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=10000)
    parser.add_argument("--use_tls", choices=("true", "false"), default="false")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    options = parser.parse_args()

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    address = f"0.0.0.0:{options.port}"
    if options.use_tls == "true":
        with open(options.tls_key_file, "rb") as key, open(options.tls_cert_file, "rb") as cert:
            server.add_secure_port(address, grpc.ssl_server_credentials(((key.read(), cert.read()),)))
    else:
        server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


main()

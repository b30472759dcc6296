// A server of grpc-java, Vert.x, Armeria or reactive-grpc for the measurements of peers. The first line that it prints is the port;
// then one for each upload that ends.

import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.grpc.GrpcService;
import com.salesforce.rx3grpc.stub.ServerCalls;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.reactivex.rxjava3.core.Flowable;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.grpc.server.GrpcServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

final class PeerServer {
  private static final String SERVICE = "grpc.testing.TestService";
  private static final byte[] EMPTY = new byte[0];

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "grpc-java" -> serveGrpcJava(serviceOf(reads()));
      case "reactive-grpc" -> serveGrpcJava(serviceOf(readsWithFlowable()));
      case "armeria" -> serveArmeria(serviceOf(reads()));
      case "vertx" -> serveVertx();
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void serveGrpcJava(BindableService service) throws Exception {
    io.grpc.Server server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).addService(service).build().start();
    System.out.println(server.getPort());
    server.awaitTermination();
  }

  private static void serveArmeria(BindableService service) {
    GrpcService grpc = GrpcService.builder().addService(service).build();
    Server server = Server.builder().http(new InetSocketAddress("127.0.0.1", 0)).requestTimeoutMillis(0).service(grpc).build();
    server.start().join();
    System.out.println(server.activeLocalPort());
  }

  private static void serveVertx() {
    Vertx vertx = Vertx.vertx();
    GrpcServer grpc = GrpcServer.server(vertx);
    grpc.callHandler(request -> {
      if (request.fullMethodName().endsWith("FullDuplexCall")) {
        request.pause();
        return;
      }
      AtomicInteger count = new AtomicInteger();
      request.handler(message -> count.incrementAndGet());
      request.errorHandler(error -> System.out.println("cancelled " + count + ": " + error));
      request.exceptionHandler(error -> System.out.println("cancelled " + count + ": " + error));
      request.endHandler(ended -> {
        System.out.println("whole " + count);
        request.response().end(io.vertx.core.buffer.Buffer.buffer());
      });
    });
    vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0))
        .requestHandler(grpc)
        .listen()
        .onSuccess(server -> System.out.println(server.actualPort()));
  }

  private static BindableService serviceOf(ServerCallHandler<byte[], byte[]> reads) {
    return () -> ServerServiceDefinition.builder(SERVICE)
        .addMethod(method("FullDuplexCall", MethodType.BIDI_STREAMING), neverReads())
        .addMethod(method("StreamingInputCall", MethodType.CLIENT_STREAMING), reads)
        .build();
  }

  /** Never asks for a message. */
  private static ServerCallHandler<byte[], byte[]> neverReads() {
    return (call, headers) -> new ServerCall.Listener<>() {};
  }

  /** Reads to the end and tells how that was. */
  private static ServerCallHandler<byte[], byte[]> reads() {
    return (call, headers) -> {
      AtomicInteger count = new AtomicInteger();
      call.request(1);
      return new ServerCall.Listener<>() {
        @Override
        public void onMessage(byte[] message) {
          count.incrementAndGet();
          call.request(1);
        }

        @Override
        public void onHalfClose() {
          System.out.println("whole " + count);
          call.sendHeaders(new Metadata());
          call.sendMessage(EMPTY);
          call.close(Status.OK, new Metadata());
        }

        @Override
        public void onCancel() {
          System.out.println("cancelled " + count);
        }
      };
    };
  }

  private static ServerCallHandler<byte[], byte[]> readsWithFlowable() {
    return io.grpc.stub.ServerCalls.asyncClientStreamingCall(observer ->
        ServerCalls.manyToOne(observer, (Flowable<byte[]> requests) -> requests
            .doOnError(error -> System.out.println("cancelled: " + error))
            .doOnCancel(() -> System.out.println("unsubscribed"))
            .count()
            .doOnSuccess(count -> System.out.println("whole " + count))
            .map(count -> EMPTY), error -> error, CallOptions.DEFAULT));
  }

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName(SERVICE + "/" + name)
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  /** Messages as the bytes that they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
  }
}

// A server of grpc-go or connect-go for the measurements of peers. The first line that it prints is the port; then one for each
// upload that ends. It does not import google.golang.org/grpc/encoding/gzip.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

const service = "/grpc.testing.TestService/"

type server struct {
	pb.UnimplementedTestServiceServer
}

// Never reads what it is sent.
func (server) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	<-stream.Context().Done()
	return stream.Context().Err()
}

// Reads to the end and tells how that was.
func (server) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	for count := 0; ; count++ {
		_, err := stream.Recv()
		if err == io.EOF {
			fmt.Println("whole", count)
			return stream.SendAndClose(&pb.StreamingInputCallResponse{})
		}
		if err != nil {
			fmt.Printf("cancelled %d: %v\n", count, status.Code(err))
			return err
		}
	}
}

func connectHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(service+"FullDuplexCall", connect.NewBidiStreamHandler(service+"FullDuplexCall",
		func(ctx context.Context, _ *connect.BidiStream[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) error {
			<-ctx.Done()
			return ctx.Err()
		}))
	mux.Handle(service+"StreamingInputCall", connect.NewClientStreamHandler(service+"StreamingInputCall",
		func(_ context.Context, stream *connect.ClientStream[pb.StreamingInputCallRequest]) (*connect.Response[pb.StreamingInputCallResponse], error) {
			count := 0
			for stream.Receive() {
				count++
			}
			if err := stream.Err(); err != nil {
				fmt.Printf("cancelled %d: %v\n", count, connect.CodeOf(err))
				return nil, err
			}
			fmt.Println("whole", count)
			return connect.NewResponse(&pb.StreamingInputCallResponse{}), nil
		}))
	return mux
}

func main() {
	library := flag.String("library", "grpc", "grpc or connect")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if *library == "connect" {
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		err = (&http.Server{Handler: connectHandler(), Protocols: &protocols}).Serve(listener)
	} else {
		grpcServer := grpc.NewServer()
		pb.RegisterTestServiceServer(grpcServer, server{})
		err = grpcServer.Serve(listener)
	}
	panic(err)
}

#!/usr/bin/env bash
# Behind HAProxy a grpc-go server takes every cancelled upload for a whole one.
#
# Versions:  HAProxy 2.6.12 (Debian 12: haproxy 2.6.12-1+deb12u4), google.golang.org/grpc 1.85.0 as client and as server.
# Behaviour: A client that cancels sends RST_STREAM(CANCEL) and nothing else. HAProxy passes that on as DATA with END_STREAM,
#            and RST_STREAM behind it. The server's Recv returns io.EOF, which is how a client says "that was all": a handler
#            that commits at io.EOF commits what its client has given up.
# Seen:      direct: cancelled 20, io.EOF 0. Through HAProxy: cancelled 0, io.EOF 20.
# Guessed:   cancelled 20 both times. A reset is no end of a stream.
set -euo pipefail
for program in go /usr/sbin/haproxy; do
  command -v "$program" >/dev/null || { echo "missing: $program (Debian: apt-get install haproxy)"; exit 2; }
done
work=$(mktemp -d)
haproxy=
finish() { [ -z "$haproxy" ] || { kill "$haproxy" 2>/dev/null; wait "$haproxy" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
cd "$work"
cat >main.go <<'C'
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

type server struct {
	pb.UnimplementedTestServiceServer
	ends chan error
}

// Answers each request, so that the client knows that nothing is under way when it cancels.
func (s server) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	for {
		if _, err := stream.Recv(); err != nil {
			s.ends <- err
			return nil
		}
		stream.Send(&pb.StreamingOutputCallResponse{})
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	must(err)
	s := server{ends: make(chan error, 100)}
	g := grpc.NewServer()
	pb.RegisterTestServiceServer(g, s)
	go g.Serve(listener)
	changed := false
	for i, target := range os.Args[1:3] {
		conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(err)
		whole, cancelled := 0, 0
		for n := 0; n < 20; n++ {
			ctx, cancel := context.WithCancel(context.Background())
			stream, err := pb.NewTestServiceClient(conn).FullDuplexCall(ctx, grpc.WaitForReady(true))
			must(err)
			must(stream.Send(&pb.StreamingOutputCallRequest{}))
			_, err = stream.Recv()
			must(err)
			cancel()
			select {
			case end := <-s.ends:
				if end == io.EOF {
					whole++
				} else {
					cancelled++
				}
			case <-time.After(10 * time.Second):
				panic("the server is not told")
			}
		}
		fmt.Printf("%s: cancelled %d, io.EOF %d\n", [...]string{"direct", "HAProxy"}[i], cancelled, whole)
		changed = changed || (i == 0 && whole != 0) || (i == 1 && whole == 0)
	}
	if changed {
		fmt.Println("changed")
		os.Exit(1)
	}
}
C
cat >go.mod <<'C'
module finding

go 1.24.0

require google.golang.org/grpc v1.85.0
C
export GOFLAGS=-mod=mod GOTOOLCHAIN=auto
go mod tidy >/dev/null 2>&1
go build -o calls .
free() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 1 || return 0; }
back=$((20000 + RANDOM % 10000)); until free $back; do back=$((back + 1)); done
front=$((back + 1)); until free $front; do front=$((front + 1)); done
cat >haproxy.cfg <<C
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend f
  bind 127.0.0.1:$front proto h2
  default_backend b
backend b
  server one 127.0.0.1:$back proto h2
C
/usr/sbin/haproxy -db -f haproxy.cfg >haproxy.log 2>&1 & haproxy=$!
timeout 100 ./calls "127.0.0.1:$back" "127.0.0.1:$front"

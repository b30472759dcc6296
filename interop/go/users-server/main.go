// Serves users.Users as the plan of each call says, and tells what it saw. The first line is the port.
package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"example.com/rx-grpc/interop/plan"
	"example.com/rx-grpc/interop/users"
)

type stream = grpc.BidiStreamingServer[users.User, users.CreateUserRes]

type server struct {
	users.UnimplementedUsersServer
}

func (server) CreateUser(s stream) error {
	md, _ := metadata.FromIncomingContext(s.Context())
	var p plan.Plan
	if err := json.Unmarshal([]byte(md.Get(plan.Key)[0]), &p); err != nil {
		return err
	}
	plan.Print(plan.Record{Call: p.Call, Event: "begun"})
	record := plan.Record{Call: p.Call, Event: "ended", InOrder: true}
	var err error
	if p.Shape == "download" {
		err = download(s, p, &record)
	} else {
		err = upload(s, p, &record)
	}
	record.Code = int(status.Code(err))
	plan.Print(record)
	return err
}

// Every message that came before the half-close makes the upload; with the half-close it is complete.
func upload(s stream, p plan.Plan, record *plan.Record) error {
	for {
		user, err := s.Recv()
		if err == io.EOF {
			record.Completed = true
			break
		}
		if err != nil {
			return ended(s.Context(), err)
		}
		record.InOrder = record.InOrder && int(user.Age) == record.Received
		record.Received++
		if p.Shape == "exchange" {
			if err := s.Send(&users.CreateUserRes{UserId: strconv.Itoa(record.Sent), Success: true}); err != nil {
				return ended(s.Context(), err)
			}
			record.Sent++
		}
		if record.Received == p.ServerFailsAfter {
			return status.Error(codes.Aborted, strconv.Itoa(record.Received))
		}
		if record.Received == p.ServerEndsAfter {
			return nil
		}
		plan.Rest(s.Context(), record.Received, p.ReaderRestsEvery, p.ReaderRestMs)
	}
	if p.Shape == "upload" {
		if err := s.Send(&users.CreateUserRes{UserId: "0", Success: true}); err != nil {
			return ended(s.Context(), err)
		}
		record.Sent++
	}
	return nil
}

func download(s stream, p plan.Plan, record *plan.Record) error {
	if _, err := s.Recv(); err != nil {
		return ended(s.Context(), err)
	}
	record.Received++
	padding := []string{string(make([]byte, p.Bytes))}
	for record.Sent < p.Messages {
		plan.Rest(s.Context(), record.Sent, p.ProducerRestsEvery, p.ProducerRestMs)
		if err := s.Send(&users.CreateUserRes{UserId: strconv.Itoa(record.Sent), Errors: padding}); err != nil {
			return ended(s.Context(), err)
		}
		record.Sent++
		if record.Sent == p.ServerFailsAfter {
			return status.Error(codes.Aborted, strconv.Itoa(record.Sent))
		}
	}
	if p.StaysOpen {
		<-s.Context().Done()
		return ended(s.Context(), s.Context().Err())
	}
	record.Completed = true
	return nil
}

// Why a call ended under its handler: by what ended its context, if that has ended.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	return err
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	users.RegisterUsersServer(s, server{})
	plan.Print(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		plan.Lines(func([]byte) {})
		os.Exit(0)
	}()
	if err := s.Serve(listener); err != nil {
		panic(err)
	}
}

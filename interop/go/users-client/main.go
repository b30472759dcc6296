// Calls users.Users as each plan says that comes by the standard input, and tells what it saw.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"example.com/rx-grpc/interop/plan"
	"example.com/rx-grpc/interop/users"
)

const sourceFailed = -1 // the code of a call that its own source has ended, as in plan.ts

var (
	mu          sync.Mutex
	connections = map[int]*grpc.ClientConn{}
)

func client(port int) users.UsersClient {
	mu.Lock()
	defer mu.Unlock()
	if connections[port] == nil {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			panic(err)
		}
		connections[port] = connection
	}
	return users.NewUsersClient(connections[port])
}

func call(text []byte) {
	var p plan.Plan
	if err := json.Unmarshal(text, &p); err != nil {
		panic(err)
	}
	told, _ := json.Marshal(p)
	ctx := metadata.AppendToOutgoingContext(context.Background(), plan.Key, string(told))
	if p.TimeoutMs > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(p.TimeoutMs)*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if p.CancelAfterMs > 0 {
		defer time.AfterFunc(time.Duration(p.CancelAfterMs)*time.Millisecond, cancel).Stop()
	}

	record := plan.Record{Call: p.Call, Event: "ended", InOrder: true}
	var sent atomic.Int32
	var completed, failed atomic.Bool
	stream, err := client(p.Port).CreateUser(ctx)
	if err == nil {
		sending := make(chan struct{})
		go func() {
			defer close(sending)
			switch send(ctx, stream, p, &sent) {
			case all:
				if ctx.Err() == nil {
					completed.Store(true)
					stream.CloseSend()
				}
			case broken:
				failed.Store(true)
				cancel()
			}
		}()
		err = receive(ctx, stream, p, &record)
		cancel()
		<-sending
	}
	record.Sent = int(sent.Load())
	record.Completed = completed.Load()
	record.Code = int(status.Code(err))
	record.Details = status.Convert(err).Message()
	if failed.Load() {
		record.Code = sourceFailed
	}
	plan.Print(record)
}

type end int

const (
	all end = iota
	broken
	cut
)

func send(ctx context.Context, stream grpc.BidiStreamingClient[users.User, users.CreateUserRes], p plan.Plan, sent *atomic.Int32) end {
	messages := p.Messages
	if p.Shape == "download" {
		messages = 1
	}
	padding := string(make([]byte, p.Bytes))
	for i := 0; i < messages; i++ {
		plan.Rest(ctx, i, p.ProducerRestsEvery, p.ProducerRestMs)
		user := &users.User{Id: strconv.Itoa(p.Call), Name: padding, Age: int32(i)}
		if ctx.Err() != nil || stream.Send(user) != nil {
			return cut
		}
		sent.Add(1)
		if i+1 == p.SourceFailsAfter {
			return broken
		}
	}
	if p.StaysOpen && p.Shape != "download" {
		<-ctx.Done()
		return cut
	}
	return all
}

func receive(ctx context.Context, stream grpc.BidiStreamingClient[users.User, users.CreateUserRes], p plan.Plan, record *plan.Record) error {
	for {
		result, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		record.InOrder = record.InOrder && result.UserId == strconv.Itoa(record.Received)
		record.Received++
		plan.Rest(ctx, record.Received, p.ReaderRestsEvery, p.ReaderRestMs)
	}
}

func main() {
	plan.Lines(func(line []byte) { go call(append([]byte(nil), line...)) })
}

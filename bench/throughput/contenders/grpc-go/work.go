package main

import (
	"context"
	"io"
	"log"
	"sync"
	"time"

	"example.com/rx-grpc/bench/dist"
)

// A cell of cells.ts.
type cell struct {
	Shape    string `json:"shape"`
	Bytes    uint32 `json:"bytes"`
	At       uint32 `json:"at"`
	Messages uint32 `json:"messages"`
}

// As work.ts has it: the work of a cell, again and again for so many seconds and at least once.
func slice(client messages.BenchClient, of cell, seconds float64) answer {
	roundTrips := []float64{}
	cpu, start := cpuSeconds(), time.Now()
	count := uint32(0)
	for count == 0 || time.Since(start).Seconds() < seconds {
		piece(client, of, &roundTrips)
		count += of.Messages
	}
	elapsed := time.Since(start).Seconds()
	return answer{"messages": count, "seconds": elapsed, "cpu": cpuSeconds() - cpu, "roundTrips": roundTrips}
}

func piece(client messages.BenchClient, of cell, roundTrips *[]float64) {
	order := &messages.Order{Count: of.Messages / of.At, Bytes: of.Bytes}
	if of.Shape == "pingPong" {
		pingPong(client, order, roundTrips)
		return
	}
	work := map[string]func(messages.BenchClient, *messages.Order){
		"unary": unaryCalls, "serverStream": download, "clientStream": upload, "bidi": echo,
	}[of.Shape]
	var all sync.WaitGroup
	for range of.At {
		all.Go(func() { work(client, order) })
	}
	all.Wait()
}

func unaryCalls(client messages.BenchClient, order *messages.Order) {
	payload := payloadOf(order.Bytes)
	for n := range order.Count {
		_, err := client.Unary(context.Background(), &messages.Parcel{Payload: payload, N: n + 1})
		check(err)
	}
}

func download(client messages.BenchClient, order *messages.Order) {
	call, err := client.ServerStream(context.Background(), order)
	check(err)
	checkCount(read(call.Recv), order.Count)
}

func upload(client messages.BenchClient, order *messages.Order) {
	call, err := client.ClientStream(context.Background())
	check(err)
	check(produce(order, call.Send))
	tally, err := call.CloseAndRecv()
	check(err)
	checkCount(tally.Count, order.Count)
}

func echo(client messages.BenchClient, order *messages.Order) {
	call, err := client.Bidi(context.Background())
	check(err)
	go func() {
		check(produce(order, call.Send))
		check(call.CloseSend())
	}()
	checkCount(read(call.Recv), order.Count)
}

func pingPong(client messages.BenchClient, order *messages.Order, roundTrips *[]float64) {
	call, err := client.Bidi(context.Background())
	check(err)
	check(produce(order, func(parcel *messages.Parcel) error {
		sent := time.Now()
		if err := call.Send(parcel); err != nil {
			return err
		}
		_, err := call.Recv()
		*roundTrips = append(*roundTrips, float64(time.Since(sent).Nanoseconds())/1e6)
		return err
	}))
	check(call.CloseSend())
	if _, err := call.Recv(); err != io.EOF {
		log.Fatal("the echo did not end: ", err)
	}
}

// The server's side.
type bench struct {
	messages.UnimplementedBenchServer
}

func (bench) Unary(_ context.Context, parcel *messages.Parcel) (*messages.Parcel, error) {
	return parcel, nil
}

func (bench) ServerStream(order *messages.Order, call messages.Bench_ServerStreamServer) error {
	return produce(order, call.Send)
}

func (bench) ClientStream(call messages.Bench_ClientStreamServer) error {
	return call.SendAndClose(&messages.Tally{Count: read(call.Recv)})
}

func (bench) Bidi(call messages.Bench_BidiServer) error {
	for {
		parcel, err := call.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := call.Send(parcel); err != nil {
			return err
		}
	}
}

// The payload of a message of so many bytes: without the tag and value of n, and tag and length of the payload.
func payloadOf(bytes uint32) []byte {
	rest, lengthBytes := bytes-6, uint32(3)
	if rest <= 128 {
		lengthBytes = 1
	} else if rest <= 1<<14+1 {
		lengthBytes = 2
	}
	payload := make([]byte, rest-lengthBytes)
	for i := range payload {
		payload[i] = 7
	}
	return payload
}

func produce(order *messages.Order, send func(*messages.Parcel) error) error {
	payload := payloadOf(order.Bytes)
	for n := range order.Count {
		if err := send(&messages.Parcel{Payload: payload, N: n + 1}); err != nil {
			return err
		}
	}
	return nil
}

// Counts the messages up to the end of a stream.
func read(receive func() (*messages.Parcel, error)) uint32 {
	for count := uint32(0); ; count++ {
		parcel, err := receive()
		if err == io.EOF {
			return count
		}
		check(err)
		if parcel.N != count+1 {
			log.Fatalf("message %d came as number %d", parcel.N, count+1)
		}
	}
}

func checkCount(count, expected uint32) {
	if count != expected {
		log.Fatalf("%d messages came instead of %d", count, expected)
	}
}

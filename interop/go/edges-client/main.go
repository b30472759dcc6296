// Calls the interop test service at the edges of a call, and tells of each call what it saw, a line of JSON each.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

var (
	port       = flag.Int("server_port", 0, "the server")
	experiment = flag.String("experiment", "", "late-response, long-deadline or early-end")
	calls      = flag.Int("calls", 100, "of each kind")

	out = json.NewEncoder(os.Stdout)
	mu  sync.Mutex
)

const (
	atATime     = 10
	messageSize = 16 * 1024
	maxMessages = 200
	restMs      = 2
)

func tell(record any) {
	mu.Lock()
	defer mu.Unlock()
	if err := out.Encode(record); err != nil {
		panic(err)
	}
}

// Runs the work n times, some at a time.
func repeat(n int, work func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int32
	for range atATime {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				work(i)
			}
		})
	}
	wg.Wait()
}

type late struct {
	Shape    string `json:"shape"`
	OffsetMs int    `json:"offsetMs"`
	Code     int    `json:"code"`
	Received int    `json:"received"`
}

func lateResponse() {
	var client pb.TestServiceClient
	shapes := map[string]func(context.Context) (int, error){
		"unary": func(ctx context.Context) (int, error) {
			return count(client.UnaryCall(ctx, &pb.SimpleRequest{}))
		},
		"serverStream": func(ctx context.Context) (int, error) {
			stream, err := client.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{})
			if err != nil {
				return 0, err
			}
			return receive(stream)
		},
		"clientStream": func(ctx context.Context) (int, error) {
			stream, err := client.StreamingInputCall(ctx)
			if err != nil {
				return 0, err
			}
			stream.Send(&pb.StreamingInputCallRequest{})
			return count(stream.CloseAndRecv())
		},
		"bidi": func(ctx context.Context) (int, error) {
			stream, err := client.FullDuplexCall(ctx)
			if err != nil {
				return 0, err
			}
			stream.Send(&pb.StreamingOutputCallRequest{})
			stream.CloseSend()
			return receive(stream)
		},
	}
	for shape, call := range shapes {
		// A connection for each: Node's HTTP/2 ends one on which a client has reset more than 1,000 calls.
		client = connect()
		repeat(*calls, func(i int) {
			offsetMs := i%4 - 2
			ctx := metadata.AppendToOutgoingContext(context.Background(), "x-offset-ms", strconv.Itoa(offsetMs))
			timeout := 40*time.Millisecond + time.Duration(rand.Intn(20_000))*time.Microsecond
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			received, err := call(ctx)
			tell(late{shape, offsetMs, int(status.Code(err)), received})
		})
	}
}

func count[T any](_ *T, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func receive[T any](stream interface{ Recv() (*T, error) }) (int, error) {
	for received := 0; ; received++ {
		if _, err := stream.Recv(); err == io.EOF {
			return received, nil
		} else if err != nil {
			return received, err
		}
	}
}

type long struct {
	AskedMs float64  `json:"askedMs"`
	Code    int      `json:"code"`
	SeenMs  *float64 `json:"seenMs"`
}

func longDeadline() {
	client := connect()
	const day = 24 * time.Hour
	for _, timeout := range []time.Duration{25 * day, 40 * day, 50 * day, math.MaxInt64} {
		// A deadline further away than time.Duration reaches is one without a limit.
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		response, err := client.UnaryCall(ctx, &pb.SimpleRequest{})
		cancel()
		record := long{AskedMs: float64(timeout.Milliseconds()), Code: int(status.Code(err))}
		if err == nil {
			if seen, err := strconv.ParseFloat(string(response.GetPayload().GetBody()), 64); err == nil {
				record.SeenMs = &seen
			}
		}
		tell(record)
	}
}

type early struct {
	Shape string `json:"shape"`
	End   string `json:"end"`
	Code  int    `json:"code"`
	Sent  int    `json:"sent"`
}

type sender interface {
	send() error
	end() error
}

type upload struct {
	pb.TestService_StreamingInputCallClient
}

func (u upload) send() error {
	return u.Send(&pb.StreamingInputCallRequest{Payload: &pb.Payload{Body: make([]byte, messageSize)}})
}

func (u upload) end() error {
	_, err := u.CloseAndRecv()
	return err
}

type exchange struct {
	pb.TestService_FullDuplexCallClient
}

func (e exchange) send() error {
	return e.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: make([]byte, messageSize)}})
}

func (e exchange) end() error {
	e.CloseSend()
	_, err := receive(e)
	return err
}

func earlyEnd() {
	client := connect()
	begin := map[string]func(ctx context.Context, end string) (sender, error){
		"clientStream": func(ctx context.Context, end string) (sender, error) {
			stream, err := client.StreamingInputCall(ctx)
			return upload{stream}, err
		},
		"bidi": func(ctx context.Context, end string) (sender, error) {
			if end == "unimplemented" {
				stream, err := client.HalfDuplexCall(ctx)
				return exchange{stream}, err
			}
			stream, err := client.FullDuplexCall(ctx)
			return exchange{stream}, err
		},
	}
	for shape, begin := range begin {
		for _, end := range []string{"ok", "aborted", "refused", "unimplemented"} {
			if shape == "clientStream" && end == "unimplemented" {
				continue // the test service has one stream that nobody needs to have, and it is an exchange
			}
			repeat(*calls, func(int) {
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				stream, err := begin(metadata.AppendToOutgoingContext(ctx, "x-end", end), end)
				if err != nil {
					panic(err)
				}
				sent := 0
				for ; sent < maxMessages && stream.send() == nil; sent++ {
					time.Sleep(restMs * time.Millisecond)
				}
				tell(early{shape, end, int(status.Code(stream.end())), sent})
			})
		}
	}
}

func connect() pb.TestServiceClient {
	address := fmt.Sprintf("127.0.0.1:%d", *port)
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	return pb.NewTestServiceClient(connection)
}

func main() {
	flag.Parse()
	switch *experiment {
	case "late-response":
		lateResponse()
	case "long-deadline":
		longDeadline()
	case "early-end":
		earlyEnd()
	default:
		panic("no such experiment: " + *experiment)
	}
}

// One process of a trial with grpc-go. It answers the requests that participant.ts answers, over the same IPC channel of Node: one
// JSON object a line on the descriptor that NODE_CHANNEL_FD names.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"example.com/rx-grpc/bench/dist"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

type task struct {
	Role string `json:"role"`
	Port int    `json:"port"`
}

type request struct {
	Slice *struct {
		Cell    cell    `json:"cell"`
		Seconds float64 `json:"seconds"`
	} `json:"slice"`
	First   bool `json:"first"`
	Prepare bool `json:"prepare"`
	Collect bool `json:"collect"`
	Usage   bool `json:"usage"`
}

type answer map[string]any

var started = time.Now()
var residentReady int

func main() {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	check(err)
	channel := os.NewFile(uintptr(fd), "ipc")
	requests, answers := json.NewDecoder(channel), json.NewEncoder(channel)
	var own task
	check(json.Unmarshal([]byte(os.Args[1]), &own))

	var client messages.BenchClient
	if own.Role == "server" {
		check(answers.Encode(answer{"port": serve()}))
	} else {
		connection, err := grpc.NewClient("127.0.0.1:"+strconv.Itoa(own.Port), grpc.WithTransportCredentials(insecure.NewCredentials()))
		check(err)
		client = messages.NewBenchClient(connection)
		check(answers.Encode(answer{"port": 0}))
	}
	for {
		var next request
		if requests.Decode(&next) != nil {
			return // the parent is gone
		}
		check(answers.Encode(answerTo(next, client)))
	}
}

func serve() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer()
	messages.RegisterBenchServer(server, bench{})
	go server.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port
}

func answerTo(next request, client messages.BenchClient) answer {
	switch {
	case next.Slice != nil:
		return answer{"slice": slice(client, next.Slice.Cell, next.Slice.Seconds)}
	case next.First:
		_, err := client.Unary(context.Background(), &messages.Parcel{Payload: payloadOf(32), N: 1})
		check(err)
		return answer{"first": float64(time.Since(started).Microseconds()) / 1000}
	case next.Prepare:
		residentReady = resident("VmRSS")
		check(os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
		return answer{"done": true}
	case next.Collect:
		runtime.GC()
		return answer{"done": true}
	case next.Usage:
		return answer{"usage": answer{"cpu": cpuSeconds(), "residentReady": residentReady, "residentMax": resident("VmHWM")}}
	}
	panic("participant.ts has requests that this program does not know")
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func resident(field string) int {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	kilobytes, err := strconv.Atoi(string(regexp.MustCompile(field + `:\s+(\d+)`).FindSubmatch(status)[1]))
	check(err)
	return kilobytes * 1024
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

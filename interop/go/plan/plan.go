// Package plan is what both programs are told of a call and what they tell of it: the counterpart of
// interop/foreign/plan.ts.
package plan

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"sync"
	"time"
)

// Key of the metadata in which a client tells the server its plan.
const Key = "plan"

// Plan of one call. What is zero does not happen.
type Plan struct {
	Call               int    `json:"call"`
	Port               int    `json:"port"`
	Shape              string `json:"shape"`
	Messages           int    `json:"messages"`
	Bytes              int    `json:"bytes"`
	StaysOpen          bool   `json:"staysOpen"`
	CancelAfterMs      int    `json:"cancelAfterMs"`
	TimeoutMs          int    `json:"timeoutMs"`
	SourceFailsAfter   int    `json:"sourceFailsAfter"`
	ServerFailsAfter   int    `json:"serverFailsAfter"`
	ServerEndsAfter    int    `json:"serverEndsAfter"`
	ProducerRestsEvery int    `json:"producerRestsEvery"`
	ProducerRestMs     int    `json:"producerRestMs"`
	ReaderRestsEvery   int    `json:"readerRestsEvery"`
	ReaderRestMs       int    `json:"readerRestMs"`
}

// Record of one call, by one side.
type Record struct {
	Call      int    `json:"call"`
	Event     string `json:"event"`
	Sent      int    `json:"sent"`
	Received  int    `json:"received"`
	InOrder   bool   `json:"inOrder"`
	Completed bool   `json:"completed"`
	Code      int    `json:"code"`
	Details   string `json:"details"`
}

// Rest sleeps after every so many messages, or until the context ends.
func Rest(ctx context.Context, count, every, ms int) {
	if every == 0 || ms == 0 || count == 0 || count%every != 0 {
		return
	}
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
	case <-ctx.Done():
	}
}

var printing sync.Mutex

// Print writes one line.
func Print(record any) {
	line, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	printing.Lock()
	defer printing.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// Lines gives each line of the standard input; when it ends, whoever started this program is gone.
func Lines(each func(line []byte)) {
	reader := bufio.NewReader(os.Stdin)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			each(line)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(err)
		}
	}
}

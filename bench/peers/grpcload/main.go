// Grpcload calls one unary gRPC method with raw bytes, again and again, as a proxy written with grpc-go would.
//
// It prints one JSON object: calls, errors, and the seconds that they took. With -trace each call carries a traceparent of
// its own; with -timeout each call has a deadline, so that grpc-timeout varies as well.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// rawCodec passes bytes through, so that the load generator's own protobuf work stays out of the picture.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func traced(ctx context.Context) context.Context {
	var id [24]byte
	_, _ = rand.Read(id[:])
	text := hex.EncodeToString(id[:])
	return metadata.AppendToOutgoingContext(ctx, "traceparent", "00-"+text[:32]+"-"+text[32:]+"-01")
}

func main() {
	target := flag.String("target", "127.0.0.1:50051", "address, as grpc-go takes it")
	method := flag.String("method", "/envoy.service.auth.v3.Authorization/Check", "full method name")
	calls := flag.Int64("calls", 10000, "number of calls")
	workers := flag.Int("workers", 64, "calls at once")
	connections := flag.Int("connections", 4, "connections")
	size := flag.Int("size", 500, "bytes of a message")
	trace := flag.Bool("trace", false, "a traceparent that varies")
	timeout := flag.Duration("timeout", 0, "deadline of each call")
	flag.Parse()

	clients := make([]*grpc.ClientConn, *connections)
	for i := range clients {
		client, err := grpc.NewClient(*target, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		clients[i] = client
	}
	message := make([]byte, *size)
	var started, failed atomic.Int64
	var firstError atomic.Value
	var group sync.WaitGroup
	begin := time.Now()
	for worker := 0; worker < *workers; worker++ {
		group.Add(1)
		go func(client *grpc.ClientConn) {
			defer group.Done()
			var reply []byte
			for started.Add(1) <= *calls {
				ctx, cancel := context.Background(), func() {}
				if *timeout > 0 {
					ctx, cancel = context.WithTimeout(ctx, *timeout)
				}
				if *trace {
					ctx = traced(ctx)
				}
				if err := client.Invoke(ctx, *method, &message, &reply); err != nil {
					failed.Add(1)
					firstError.CompareAndSwap(nil, err.Error())
				}
				cancel()
			}
		}(clients[worker%len(clients)])
	}
	group.Wait()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"calls": *calls, "errors": failed.Load(), "first_error": firstError.Load(), "seconds": time.Since(begin).Seconds(),
	})
}

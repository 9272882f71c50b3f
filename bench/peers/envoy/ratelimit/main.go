// Ratelimit calls ShouldRateLimit for a time, each call for the next of many users, and counts what was answered.
//
// It prints one JSON object. Messages are made beforehand, so that the generator's own work stays small.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ratelimit "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	rls "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"

// rawCodec passes bytes through.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append((*v.(*[]byte))[:0], data...)
	return nil
}
func (rawCodec) Name() string { return "proto" }

func messages(domain, key string, users int) [][]byte {
	made := make([][]byte, users)
	for i := range made {
		entry := &ratelimit.RateLimitDescriptor_Entry{Key: key, Value: fmt.Sprintf("user-%d", i)}
		descriptor := &ratelimit.RateLimitDescriptor{Entries: []*ratelimit.RateLimitDescriptor_Entry{entry}}
		data, err := proto.Marshal(&rls.RateLimitRequest{
			Domain: domain, Descriptors: []*ratelimit.RateLimitDescriptor{descriptor}, HitsAddend: 1,
		})
		if err != nil {
			log.Fatal(err)
		}
		made[i] = data
	}
	return made
}

// counts of one caller.
type counts struct {
	ok, over, bare, failed int
	firstError             string
	tookUs                 []int64
}

func (c *counts) add(reply []byte, err error) {
	var answer rls.RateLimitResponse
	if err == nil {
		err = proto.Unmarshal(reply, &answer)
	}
	switch {
	case err != nil:
		c.failed++
		c.firstError = err.Error()
	case answer.OverallCode == rls.RateLimitResponse_OK:
		c.ok++
	default:
		c.over++
	}
	if err == nil && len(answer.ResponseHeadersToAdd) == 0 {
		c.bare++
	}
}

func main() {
	targets := flag.String("targets", "127.0.0.1:9191", "addresses, joined by commas; one connection to each")
	domain := flag.String("domain", "bench", "domain of the rule")
	key := flag.String("key", "user", "descriptor key of the rule")
	users := flag.Int("users", 1000, "different values of the descriptor")
	callers := flag.Int("callers", 32, "calls at once")
	seconds := flag.Float64("seconds", 2, "how long")
	flag.Parse()

	var clients []*grpc.ClientConn
	for target := range strings.SplitSeq(*targets, ",") {
		client, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
		if err != nil {
			log.Fatal(err)
		}
		clients = append(clients, client)
	}
	made := messages(*domain, *key, *users)
	var next atomic.Int64
	all := make([]counts, *callers)
	var group sync.WaitGroup
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	for i := range all {
		group.Go(func() {
			var reply []byte
			for started := time.Now(); started.Before(end); started = time.Now() {
				message := &made[next.Add(1)%int64(*users)]
				err := clients[i%len(clients)].Invoke(context.Background(), method, message, &reply)
				all[i].tookUs = append(all[i].tookUs, time.Since(started).Microseconds())
				all[i].add(reply, err)
			}
		})
	}
	group.Wait()
	var sum counts
	for _, one := range all {
		sum.ok, sum.over, sum.bare, sum.failed = sum.ok+one.ok, sum.over+one.over, sum.bare+one.bare, sum.failed+one.failed
		sum.tookUs = append(sum.tookUs, one.tookUs...)
		if one.firstError != "" {
			sum.firstError = one.firstError
		}
	}
	slices.Sort(sum.tookUs)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"calls": len(sum.tookUs), "seconds": time.Since(begin).Seconds(), "ok": sum.ok, "over_limit": sum.over,
		"without_headers": sum.bare, "failed": sum.failed, "first_error": sum.firstError,
		"p50_us": sum.tookUs[len(sum.tookUs)/2], "p99_us": sum.tookUs[len(sum.tookUs)*99/100],
	})
}

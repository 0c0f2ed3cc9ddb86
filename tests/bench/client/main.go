// SPDX-License-Identifier: Apache-2.0

// A client of etcd on Go's clientv3, for what has to be cheap or compared:
//
//	client lone ENDPOINT PREFIX N GAP_MS    N puts, each alone, and each revoked with its lease
//	client fill ENDPOINT PREFIX N           N instances
//	client churn ENDPOINT PREFIX N RATE S   RATE changes a second to N instances, for S seconds
//	client watch ENDPOINT PREFIX            tells of each event when it comes
//	client files PATH                       tells of each rename onto a file when it comes
//
// What is told is a line: a stamp of CLOCK_MONOTONIC in ns, taken first thing, and the revision.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"go.etcd.io/etcd/clientv3"
)

const clockMonotonic = 1

var out = bufio.NewWriter(os.Stdout)

func monotonic() int64 {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func tell(words ...interface{}) {
	fmt.Fprintln(out, words...)
	must(out.Flush())
}

func connect(endpoint string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 60 * time.Second,
	})
	must(err)
	return client
}

func value(port, version int) string {
	const form = `{"host":"10.0.%d.%d","port":50051,"protocol":"grpc","version":"%d","weight":%d}`
	return fmt.Sprintf(form, port/256, port%256, version, 1+version%100)
}

func keyOf(prefix string, port int) string {
	return fmt.Sprintf("%s10.0.%d.%d:50051", prefix, port/256, port%256)
}

// Between half of it and half more, so that nothing falls into step.
func pause(ms int) {
	time.Sleep(time.Duration(ms) * time.Millisecond * time.Duration(500+rand.Intn(1000)) / 1000)
}

func lone(endpoint, prefix string, n, gap int) {
	client, ctx := connect(endpoint), context.Background()
	for i := 0; i < n; i++ {
		lease, err := client.Grant(ctx, 60)
		must(err)
		pause(gap)
		sent := monotonic()
		put, err := client.Put(ctx, keyOf(prefix, 60000+i), value(60000+i, i),
			clientv3.WithLease(lease.ID))
		must(err)
		tell("put", sent, monotonic(), put.Header.Revision)
		pause(gap)
		sent = monotonic()
		gone, err := client.Revoke(ctx, lease.ID)
		must(err)
		tell("revoke", sent, monotonic(), gone.Header.Revision)
	}
	pause(gap)
}

func fill(endpoint, prefix string, n int) {
	client := connect(endpoint)
	for from := 0; from < n; from += 100 {
		var ops []clientv3.Op
		for port := from; port < from+100 && port < n; port++ {
			ops = append(ops, clientv3.OpPut(keyOf(prefix, port), value(port, 0)))
		}
		_, err := client.Txn(context.Background()).Then(ops...).Commit()
		must(err)
	}
	tell("filled")
}

// One change in four takes an instance away, or brings it back.
func churn(endpoint, prefix string, n, rate, seconds int) {
	client, ctx := connect(endpoint), context.Background()
	gone := make([]bool, n)
	var flying sync.WaitGroup
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	for i := 0; i < rate*seconds; i++ {
		<-ticks.C
		port := rand.Intn(n)
		op := clientv3.OpPut(keyOf(prefix, port), value(port, i))
		if !gone[port] && i%4 == 0 {
			op = clientv3.OpDelete(keyOf(prefix, port))
		}
		gone[port] = op.IsDelete()
		flying.Add(1)
		go func() {
			_, err := client.Do(ctx, op)
			must(err)
			flying.Done()
		}()
	}
	flying.Wait()
	tell("changed", rate*seconds)
}

func watch(endpoint, prefix string) {
	client := connect(endpoint)
	options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithCreatedNotify()}
	for answer := range client.Watch(context.Background(), prefix, options...) {
		now := monotonic()
		must(answer.Err())
		if answer.Created {
			tell("ready")
		}
		for _, event := range answer.Events {
			tell(now, event.Kv.ModRevision)
		}
	}
}

var revision = regexp.MustCompile(`"revision":(\d+)`)

func files(path string) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	must(err)
	_, err = syscall.InotifyAddWatch(fd, filepath.Dir(path), syscall.IN_MOVED_TO)
	must(err)
	tell("ready")
	events := make([]byte, 1<<16)
	for {
		n, err := syscall.Read(fd, events)
		now := monotonic()
		if err == syscall.EINTR {
			continue
		}
		must(err)
		if !bytes.Contains(events[:n], append([]byte(filepath.Base(path)), 0)) {
			continue
		}
		text, err := os.ReadFile(path)
		must(err)
		if found := revision.FindSubmatch(text); found != nil {
			tell(now, string(found[1]))
		}
	}
}

func main() {
	rand.Seed(time.Now().UnixNano())
	words := os.Args[1:]
	switch {
	case len(words) == 5 && words[0] == "lone":
		lone(words[1], words[2], number(words[3]), number(words[4]))
	case len(words) == 4 && words[0] == "fill":
		fill(words[1], words[2], number(words[3]))
	case len(words) == 6 && words[0] == "churn":
		churn(words[1], words[2], number(words[3]), number(words[4]), number(words[5]))
	case len(words) == 3 && words[0] == "watch":
		watch(words[1], words[2])
	case len(words) == 2 && words[0] == "files":
		files(words[1])
	default:
		log.Fatal("usage: client lone|fill|churn|watch|files ...")
	}
}

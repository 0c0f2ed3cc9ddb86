// SPDX-License-Identifier: Apache-2.0

// go: a health-probing, etcd-registering sidecar, as one writes it in an
// afternoon with clientv3 and grpc-go.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

type options struct {
	ttl               int64
	interval, timeout time.Duration
	failures          int
	lease             string
}

type service struct {
	opt        options
	etcd       *clientv3.Client
	shared     *sharedLease
	key, value string
	hc         healthpb.HealthClient
	delay      time.Duration

	lease clientv3.LeaseID // 0: not registered
	lost  <-chan *clientv3.LeaseKeepAliveResponse
	stop  context.CancelFunc // of the keep-alive
}

// sharedLease is one lease for every service of the process (-lease shared).
type sharedLease struct {
	mu   sync.Mutex
	id   clientv3.LeaseID
	dead chan struct{}
}

func (s *sharedLease) get(ctx context.Context, c *clientv3.Client, ttl int64) (clientv3.LeaseID, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != 0 {
		return s.id, s.dead, nil
	}
	g, err := c.Grant(ctx, ttl)
	if err != nil {
		return 0, nil, err
	}
	ch, err := c.KeepAlive(context.Background(), g.ID)
	if err != nil {
		return 0, nil, err
	}
	dead := make(chan struct{})
	s.id, s.dead = g.ID, dead
	go func() {
		for range ch {
		}
		s.mu.Lock()
		s.id = 0
		s.mu.Unlock()
		close(dead)
	}()
	return s.id, s.dead, nil
}

func (s *service) probe(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, s.opt.timeout)
	defer cancel()
	r, err := s.hc.Check(ctx, &healthpb.HealthCheckRequest{})
	return err == nil && r.Status == healthpb.HealthCheckResponse_SERVING
}

func (s *service) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if s.shared != nil {
		id, dead, err := s.shared.get(ctx, s.etcd, s.opt.ttl)
		if err != nil {
			return err
		}
		if _, err = s.etcd.Put(ctx, s.key, s.value, clientv3.WithLease(id)); err != nil {
			return err
		}
		lost := make(chan *clientv3.LeaseKeepAliveResponse)
		kctx, stop := context.WithCancel(context.Background())
		go func() {
			select {
			case <-dead:
				close(lost)
			case <-kctx.Done():
			}
		}()
		s.lease, s.lost, s.stop = id, lost, stop
		return nil
	}
	g, err := s.etcd.Grant(ctx, s.opt.ttl)
	if err != nil {
		return err
	}
	if _, err = s.etcd.Put(ctx, s.key, s.value, clientv3.WithLease(g.ID)); err != nil {
		return err
	}
	kctx, stop := context.WithCancel(context.Background())
	ch, err := s.etcd.KeepAlive(kctx, g.ID)
	if err != nil {
		stop()
		return err
	}
	s.lease, s.lost, s.stop = g.ID, ch, stop
	return nil
}

func (s *service) deregister() {
	if s.lease == 0 {
		return
	}
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var err error
	if s.shared != nil {
		_, err = s.etcd.Delete(ctx, s.key)
	} else {
		_, err = s.etcd.Revoke(ctx, s.lease)
	}
	if err != nil {
		log.Printf("%s: deregister: %v (the lease will lapse)", s.key, err)
	}
	s.lease, s.lost = 0, nil
}

func (s *service) run(ctx context.Context) {
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(s.opt.interval)
	defer tick.Stop()
	fails := 0
	for {
		if s.probe(ctx) {
			fails = 0
			if s.lease == 0 {
				if err := s.register(ctx); err != nil {
					log.Printf("%s: register: %v", s.key, err)
				}
			}
		} else if fails++; fails >= s.opt.failures && ctx.Err() == nil {
			s.deregister()
		}
	wait:
		for {
			select {
			case <-ctx.Done():
				s.deregister()
				return
			case _, ok := <-s.lost:
				if !ok { // the lease is gone: register again at the next good probe
					s.stop()
					s.lease, s.lost = 0, nil
					break wait
				}
			case <-tick.C:
				break wait
			}
		}
	}
}

func main() {
	etcd := flag.String("etcd", "127.0.0.1:2379", "etcd client address")
	name := flag.String("name", "", "service name")
	host := flag.String("host", "localhost", "advertised host")
	port := flag.Int("port", 50051, "advertised port")
	probe := flag.String("probe", "", "address to probe")
	targets := flag.String("targets", "", "file of 'name host port' lines, instead of -name...")
	ttl := flag.Int64("ttl", 10, "lease TTL, s")
	interval := flag.Duration("interval", time.Second, "")
	timeout := flag.Duration("timeout", time.Second, "")
	failures := flag.Int("failures", 2, "")
	lease := flag.String("lease", "own", "own: a lease a service; shared: one for all")
	flag.Parse()
	opt := options{*ttl, *interval, *timeout, *failures, *lease}

	cl, err := clientv3.New(clientv3.Config{Endpoints: []string{*etcd}})
	if err != nil {
		log.Fatal(err)
	}
	type target struct{ name, host, port, probe string }
	var ts []target
	if *targets == "" {
		p := strconv.Itoa(*port)
		if *probe == "" {
			*probe = net.JoinHostPort(*host, p)
		}
		ts = append(ts, target{*name, *host, p, *probe})
	} else {
		f, err := os.Open(*targets)
		if err != nil {
			log.Fatal(err)
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			x := strings.Fields(s.Text())
			ts = append(ts, target{x[0], x[1], x[2], net.JoinHostPort(x[1], x[2])})
		}
		f.Close()
	}
	ctx, cancel := context.WithCancel(context.Background())
	var shared *sharedLease
	if *lease == "shared" {
		shared = &sharedLease{}
	}
	var wg sync.WaitGroup
	for i, t := range ts {
		conn, err := grpc.Dial(t.probe, grpc.WithInsecure(), grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: opt.interval},
			MinConnectTimeout: opt.timeout,
		}))
		if err != nil {
			log.Fatal(err)
		}
		n, _ := strconv.Atoi(t.port)
		v, _ := json.Marshal(struct {
			Host     string `json:"host"`
			Port     int    `json:"port"`
			Protocol string `json:"protocol"`
		}{t.host, n, "grpc"})
		s := &service{opt: opt, etcd: cl, shared: shared, key: fmt.Sprintf("/services/%s/%s:%s", t.name, t.host, t.port),
			value: string(v), hc: healthpb.NewHealthClient(conn),
			delay: opt.interval * time.Duration(i) / time.Duration(len(ts))} // spread the probes over the interval
		wg.Add(1)
		go func() { defer wg.Done(); s.run(ctx) }()
	}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	<-sig
	cancel()
	wg.Wait()
	cl.Close()
}

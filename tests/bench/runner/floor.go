// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// What this machine and etcd take, whoever asks: calls of a warm client of Go.

const floorPeer = "floor"

func (e *etcd) leased(key string) clientv3.LeaseID {
	ctx := context.Background()
	lease, err := e.client.Grant(ctx, 60)
	must(err)
	_, err = e.client.Put(ctx, key, "{}", clientv3.WithLease(lease.ID))
	must(err)
	return lease.ID
}

func (e *etcd) revoke(lease clientv3.LeaseID) {
	_, err := e.client.Revoke(context.Background(), lease)
	must(err)
}

func (s *stage) floor() {
	var granted, put, executed []float64
	for i := 0; i < 2*s.options.flips; i++ {
		began := mono()
		lease := s.etcd.leased("/floor/leased")
		granted = append(granted, ms(mono()-began))
		s.etcd.revoke(lease)
		began = mono()
		_, err := s.etcd.client.Put(context.Background(), "/floor/put", "{}")
		must(err)
		put = append(put, ms(mono()-began))
		began = mono()
		exec.Command("/bin/true").Run()
		executed = append(executed, ms(mono()-began))
		pause(5, 15)
	}
	s.samples.add(floorPeer, "grant and put", "ms", granted...)
	s.samples.add(floorPeer, "put", "ms", put...)
	s.samples.add(floorPeer, "fork, exec and wait", "ms", executed...)
}

// revokes until it is told to stop: the round trip, and until a watcher was told.
func (s *stage) revokes(stop chan bool) {
	var answered, gone []float64
	events := s.etcd.hub.listen("/services/floor/")
	for i := 0; ; i++ {
		select {
		case <-stop:
			s.samples.add(floorPeer, "revoke round trip", "ms", answered...)
			s.samples.add(floorPeer, "revoke to key gone", "ms", gone...)
			return
		case <-time.After(time.Second):
		}
		lease := s.etcd.leased(fmt.Sprintf("/services/floor/%d", i))
		<-events
		pause(50, 100)
		began := mono()
		s.etcd.revoke(lease)
		answered = append(answered, ms(mono()-began))
		gone = append(gone, ms((<-events).at-began))
	}
}

// inParallel calls something n times, some of them at once.
func inParallel(n, atOnce int, call func(int)) {
	var running sync.WaitGroup
	next := make(chan int)
	for i := 0; i < atOnce; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for each := range next {
				call(each)
			}
		}()
	}
	for i := 0; i < n; i++ {
		next <- i
	}
	close(next)
	running.Wait()
}

// revokeAll gives the ms in which etcd revokes n leases with a key each, asked for as fast as it takes them,
// until a watcher was told of the last.
func (e *etcd) revokeAll(n int, events chan event) float64 {
	leases := make([]clientv3.LeaseID, n)
	inParallel(n, 64, func(i int) { leases[i] = e.leased(fmt.Sprintf("/services/floor/%d", i)) })
	for i := 0; i < n; i++ {
		<-events
	}
	pause(500, 600)
	began, last, answered := mono(), int64(0), make(chan bool)
	go func() {
		inParallel(n, 256, func(i int) { e.revoke(leases[i]) })
		close(answered)
	}()
	for i := 0; i < n; i++ {
		last = (<-events).at
	}
	<-answered // a watcher is told before who has asked
	return ms(last - began)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// stage is what one run measures on: an etcd, and a sidecar of each peer.
type stage struct {
	options  *options
	samples  *samples
	ports    *ports
	etcd     *etcd
	sidecars []*sidecar
}

func one(o *options, peers []string) {
	s := &stage{options: o, samples: newSamples(o.folder + "/samples.tsv")}
	s.ports = claimPorts([]string{"127.0.0.1"})
	s.etcd = startEtcd(o.folder, s.ports)
	defer s.etcd.stop()
	for _, peer := range peers {
		name := "bench-" + peer
		its := target{name, "localhost", fmt.Sprint(s.ports.take())}
		each := newSidecar(o, peer, []target{its}, "/services/"+name+"/", s.etcd, s.ports)
		each.servers.start()
		defer each.servers.stop()
		s.sidecars = append(s.sidecars, each)
	}
	phases := []struct {
		name string
		run  func()
	}{
		{"floor", s.floor}, {"start", s.starts}, {"flip", s.flips}, {"kill", s.kills}, {"steady", s.steady},
	}
	for _, phase := range phases {
		if o.phases[phase.name] {
			say("%s", phase.name)
			phase.run()
		}
	}
}

const atOnce = 3 // sidecars; more of them would be in each other's way

// groups of sidecars, in the order in which they were named, that are measured at once.
func (s *stage) groups() [][]*sidecar {
	var groups [][]*sidecar
	rest := s.sidecars
	for len(rest) > atOnce {
		groups, rest = append(groups, rest[:atOnce]), rest[atOnce:]
	}
	return append(groups, rest)
}

// together runs the same for all of a group at once.
func together(group []*sidecar, run func(*sidecar)) {
	var running sync.WaitGroup
	for _, each := range group {
		running.Add(1)
		go func(each *sidecar) {
			defer running.Done()
			run(each)
		}(each)
	}
	running.Wait()
}

// starts goes round the peers, so that all see the same machine. A first round warms the page cache.
func (s *stage) starts() {
	found := map[*sidecar]*startSamples{}
	for _, each := range s.sidecars {
		found[each] = &startSamples{}
		s.startOnce(each, &startSamples{}, true)
	}
	for i := 0; i < s.options.starts; i++ {
		if i%10 == 0 {
			say("start %d of %d", i, s.options.starts)
		}
		for _, each := range s.sidecars {
			s.startOnce(each, found[each], false)
		}
	}
	for _, each := range s.sidecars {
		f := found[each]
		s.samples.add(each.peer, "exec to key present", "ms", f.present...)
		s.samples.add(each.peer, "exec to first probe", "ms", f.probed...)
		s.samples.add(each.peer, "start: good probe to key present", "ms", f.good...)
		s.samples.add(each.peer, "SIGTERM to key gone", "ms", f.gone...)
		s.samples.add(each.peer, "SIGTERM to process gone", "ms", f.ended...)
	}
}

type startSamples struct {
	present, probed, good, gone, ended []float64
}

func (s *stage) startOnce(each *sidecar, found *startSamples, first bool) {
	each.forget()
	each.launch(s.etcd.address, "")
	if e, ok := each.wait(true); ok {
		if first {
			verify(each, e)
		}
		found.present = append(found.present, ms(e.at-each.launched))
		seen := each.servers.seen()
		for _, told := range seen.Told {
			if told.At > each.launched {
				found.probed = append(found.probed, ms(told.At-each.launched))
				break
			}
		}
		if at, ok := firstGood(seen, each.launched); ok {
			found.good = append(found.good, ms(e.at-at))
		}
	}
	pause(100, 300)
	each.forget()
	asked := each.terminate()
	e, ok := each.wait(false)
	if ok {
		found.gone = append(found.gone, ms(e.at-asked))
	}
	select {
	case <-each.child.done:
		found.ended = append(found.ended, ms(each.child.end-asked))
	case <-time.After(60 * time.Second):
		say("%s: WARNING: it did not end at SIGTERM", each.peer)
	}
	each.child.stop(time.Second)
	pause(20, 40)
}

// verify that the key and the value are those of the job.
func verify(each *sidecar, e event) {
	var value struct {
		Host, Protocol string
		Port           int
	}
	its := each.targets[0]
	err := json.Unmarshal([]byte(e.value), &value)
	if e.key != its.key() || err != nil || value.Host != its.host ||
		fmt.Sprint(value.Port) != its.port || value.Protocol != "grpc" {
		fail("%s registers something else: %s = %s", each.peer, e.key, e.value)
	}
}

// running has a sidecar at rest for as long as work lasts.
func (s *stage) running(each *sidecar, work func()) {
	each.forget()
	each.launch(s.etcd.address, "")
	if _, ok := each.wait(true); ok {
		pause(2500, 3500)
		work()
	}
	each.child.stop(12 * time.Second)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

// many has one process of each peer look after many services, a peer after the other.
func many(o *options, peers []string) {
	s := &stage{options: o, samples: newSamples(o.folder + "/samples.tsv")}
	const perHost = blockPorts
	var hosts []string
	for i := 0; i < (o.services+perHost-1)/perHost; i++ {
		hosts = append(hosts, fmt.Sprintf("127.0.%d.%d", i/250, i%250+2))
	}
	s.ports = claimPorts(append([]string{"127.0.0.1"}, hosts...))
	var targets []target
	for i := 0; i < o.services; i++ {
		port := fmt.Sprint(s.ports.first + i%perHost)
		targets = append(targets, target{fmt.Sprintf("many-%d", i), hosts[i/perHost], port})
	}
	for _, peer := range peers {
		s.etcd = startEtcd(o.folder, s.ports)
		each := newSidecar(o, peer, targets, "/services/many-", s.etcd, s.ports)
		if each.conf["many.cmd"] == "" {
			fail("%s: looks after one service only", peer)
		}
		s.manyOf(each)
		s.etcd.stop()
	}
}

func (s *stage) manyOf(each *sidecar) {
	each.servers.start()
	defer each.servers.stop()
	proxy := newProxy(s.ports.address(), s.etcd.address)
	defer proxy.listener.Close()
	say("%s: starts", each.peer)
	each.launch(proxy.address, "many.")
	defer func() { each.child.stop(each.patience()) }()
	present := each.waitAll(true, each.launched)
	s.all(each, "exec to key present", present)
	if len(present) < len(each.targets) {
		return // whatever follows would tell of something else
	}
	sleepMs(s.options.warm * 1000)
	s.manyAtRest(each, proxy)
	say("%s: single flips", each.peer)
	s.singleFlips(each)
	say("%s: all flip", each.peer)
	s.allFlips(each)
	say("%s: all are killed and start again", each.peer)
	s.killAll(each)
	s.restart(each, proxy)
	s.floorOfMany()
}

// all adds a change of all keys: of each, and of the last.
func (s *stage) all(each *sidecar, figure string, found []float64) {
	s.samples.add(each.peer, figure, "ms", found...)
	if len(found) == len(each.targets) {
		s.samples.add(each.peer, figure+", the last", "ms", found[len(found)-1])
	}
}

func (s *stage) manyAtRest(each *sidecar, proxy *proxy) {
	each.forget()
	services := float64(len(each.targets))
	var memories []memory
	for i := 0; i < s.options.windows; i++ {
		began, sidecar, servers := mono(), cpuOf(each.child.pid), each.servers.cpu()
		etcd, traffic, checks := cpuOf(s.etcd.child.pid), proxy.counts(), each.servers.checks()
		for t := 0; t < s.options.window; t++ {
			sleepMs(1000)
			if t%3 == 0 {
				memories = append(memories, memoryOf(each.child.pid))
			}
		}
		seconds := float64(mono()-began) / 1e9
		sidecar = cpuOf(each.child.pid) - sidecar
		checks = each.servers.checks() - checks
		now := proxy.counts()
		bytes := float64(now.toEtcd - traffic.toEtcd + now.fromEtcd - traffic.fromEtcd)
		s.samples.add(each.peer, "CPU", "% of a core", 100*sidecar/seconds)
		s.samples.add(each.peer, "CPU per probe", "us", 1e6*sidecar/float64(checks))
		s.samples.add(each.peer, "CPU of the services", "% of a core", 100*(each.servers.cpu()-servers)/seconds)
		s.samples.add(each.peer, "CPU of etcd", "% of a core", 100*(cpuOf(s.etcd.child.pid)-etcd)/seconds)
		s.samples.add(each.peer, "probes", "1/s", float64(checks)/seconds)
		s.samples.add(each.peer, "etcd payload per 10 s per service", "B", bytes/seconds*10/services)
	}
	s.samples.addMemory(each.peer, memories)
	for _, m := range memories {
		s.samples.add(each.peer, "RSS per service", "KiB", m.rss*1024/services)
	}
	_, lost := each.forget()
	s.samples.add(each.peer, "keys lost at rest", "count", float64(lost))
}

// singleFlips: one service after another, each its own.
func (s *stage) singleFlips(each *sidecar) {
	indices := map[string]int{}
	for i, its := range each.targets {
		indices[its.key()] = i
	}
	for _, up := range []bool{false, true} {
		each.forget()
		stamps := map[int]int64{}
		for i := 0; i < s.options.flips; i++ {
			chosen := (i*37 + 11) % len(each.targets)
			stamps[chosen] = each.servers.set(chosen, up)
			pause(50, 150)
		}
		var found []float64
		for late := time.After(each.patience()); len(stamps) > 0; {
			select {
			case e := <-each.events:
				chosen := indices[e.key]
				if at, ok := stamps[chosen]; ok && e.put == up && e.at > at {
					found = append(found, ms(e.at-at))
					delete(stamps, chosen)
				}
				continue
			case <-late:
				say("%s: WARNING: %d keys did not change", each.peer, len(stamps))
			}
			break
		}
		figure := "one NOT_SERVING to key gone"
		if up {
			figure = "one SERVING to key present"
		}
		s.samples.add(each.peer, figure, "ms", found...)
	}
}

func (s *stage) allFlips(each *sidecar) {
	for i := 0; i < s.options.rounds; i++ {
		pause(1000, 2000)
		each.forget()
		s.all(each, "all NOT_SERVING to key gone", each.waitAll(false, each.servers.setAll(false)))
		pause(1000, 2000)
		each.forget()
		s.all(each, "all SERVING to key present", each.waitAll(true, each.servers.setAll(true)))
	}
}

func (s *stage) killAll(each *sidecar) {
	pause(1000, 2000)
	each.forget()
	s.all(each, "all killed to key gone", each.waitAll(false, each.servers.kill()))
	each.servers.ended()
	pause(1000, 2000)
	each.forget()
	began := each.servers.start()
	s.all(each, "all started again to key present", each.waitAll(true, began))
	pause(2000, 3000)
}

// restart ends the sidecar, starts it again, and ends it for good.
func (s *stage) restart(each *sidecar, proxy *proxy) {
	each.forget()
	ended := each.terminate()
	s.all(each, "SIGTERM to key gone", each.waitAll(false, ended))
	each.child.stop(each.patience())
	each.launch(proxy.address, "many.")
	s.all(each, "SIGTERM and restart to key present", each.waitAll(true, ended))
	pause(2000, 3000)
	each.child.stop(each.patience())
}

// floorOfMany: what etcd itself takes, in the state in which the peer has left it.
func (s *stage) floorOfMany() {
	events := s.etcd.hub.listen("/services/floor/")
	for i := 0; i < s.options.rounds; i++ {
		took := s.etcd.revokeAll(s.options.services, events)
		s.samples.add(floorPeer, "revokes of all, the last", "ms", took)
	}
}

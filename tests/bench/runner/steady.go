// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"time"
)

const memorySamples = 40

// rest is what was measured of one sidecar at rest.
type rest struct {
	proxy                       *proxy
	cpu, checks                 []float64
	to, from, both, connections []float64
}

func (s *stage) steady() {
	for _, group := range s.groups() {
		s.steadyOf(group)
	}
}

// steadyOf has a group at rest, each through its own proxy: while nobody writes to etcd, and then
// while another client writes all the time.
func (s *stage) steadyOf(group []*sidecar) {
	found := map[*sidecar]*rest{}
	for _, each := range group {
		found[each] = &rest{proxy: newProxy(s.ports.address(), s.etcd.address)}
		each.forget()
		each.launch(found[each].proxy.address, "")
		defer each.child.stop(12 * time.Second)
	}
	for _, each := range group {
		each.wait(true)
	}
	say("warming for %d s", s.options.warm)
	sleepMs(s.options.warm * 1000)
	for _, each := range group {
		each.forget()
	}
	for i := 0; i < s.options.windows; i++ {
		s.window(group, found)
	}
	for _, each := range group {
		f := found[each]
		s.samples.add(each.peer, "CPU", "s/hour", f.cpu...)
		s.samples.add(each.peer, "probes", "1/min", f.checks...)
		s.samples.add(each.peer, "etcd payload per 10 s", "B", f.both...)
		s.samples.add(each.peer, "etcd payload per 10 s, sent", "B", f.to...)
		s.samples.add(each.peer, "etcd payload per 10 s, received", "B", f.from...)
		s.samples.add(each.peer, "new connections to etcd per 10 s", "count", f.connections...)
		found[each] = &rest{proxy: f.proxy}
	}
	s.memories(group)
	stop := make(chan bool)
	go s.write(stop)
	sleepMs(s.options.slice * 1000 / 2)
	s.window(group, found)
	close(stop)
	for _, each := range group {
		f := found[each]
		s.samples.add(each.peer, "etcd payload per 10 s, others write", "B", f.both...)
		s.samples.add(each.peer, "CPU, others write", "s/hour", f.cpu...)
		_, lost := each.forget()
		s.samples.add(each.peer, "keys lost at rest", "count", float64(lost))
	}
}

// write changes something that is nobody's service ten times a second.
func (s *stage) write(stop chan bool) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticks.C:
			_, err := s.etcd.client.Put(context.Background(), "/other", "{}")
			must(err)
		}
	}
}

// window adds a sample of CPU to each, and one of payload for every slice in it.
func (s *stage) window(group []*sidecar, found map[*sidecar]*rest) {
	type start struct {
		at     int64
		cpu    float64
		checks int64
	}
	starts := map[*sidecar]start{}
	for _, each := range group {
		starts[each] = start{mono(), cpuOf(each.child.pid), each.servers.checks()}
	}
	for spent := 0; spent+s.options.slice <= s.options.window; spent += s.options.slice {
		s.payload(group, found)
	}
	for _, each := range group {
		began, f := starts[each], found[each]
		hours := float64(mono()-began.at) / 3.6e12
		f.cpu = append(f.cpu, (cpuOf(each.child.pid)-began.cpu)/hours)
		f.checks = append(f.checks, float64(each.servers.checks()-began.checks)/(hours*60))
	}
}

func (s *stage) payload(group []*sidecar, found map[*sidecar]*rest) {
	before := map[*sidecar]traffic{}
	for _, each := range group {
		before[each] = found[each].proxy.counts()
	}
	sleepMs(s.options.slice * 1000)
	scale := 10 / float64(s.options.slice)
	for _, each := range group {
		f, now, then := found[each], found[each].proxy.counts(), before[each]
		to := float64(now.toEtcd-then.toEtcd) * scale
		from := float64(now.fromEtcd-then.fromEtcd) * scale
		f.to, f.from, f.both = append(f.to, to), append(f.from, from), append(f.both, to+from)
		f.connections = append(f.connections, float64(now.connections-then.connections)*scale)
	}
}

func (s *stage) memories(group []*sidecar) {
	found := map[*sidecar][]memory{}
	for i := 0; i < memorySamples; i++ {
		for _, each := range group {
			found[each] = append(found[each], memoryOf(each.child.pid))
		}
		pause(150, 350)
	}
	for _, each := range group {
		s.samples.addMemory(each.peer, found[each])
		s.samples.addFiles(each)
	}
}

func (s *samples) addMemory(peer string, found []memory) {
	for _, m := range found {
		s.add(peer, "RSS", "MiB", m.rss)
		s.add(peer, "PSS", "MiB", m.pss)
		s.add(peer, "USS", "MiB", m.uss)
		s.add(peer, "processes", "count", m.processes)
		s.add(peer, "threads", "count", m.threads)
	}
}

// addFiles: what a running sidecar has loaded, with its own files, of which a script's are not mapped.
func (s *samples) addFiles(each *sidecar) {
	words := each.words("")
	own := filesUnder(strings.Fields(each.conf.expand("files", words)))
	all := loaded(each.child.pid)
	s.add(each.peer, "own files", "MB", megabytes(own, true))
	for path := range own {
		all[path] = true
	}
	s.add(each.peer, "own files and all that they load", "MB", megabytes(all, false))
	s.add(each.peer, "own files and all that they load, libc too", "MB", megabytes(all, true))
	if runtime := strings.Fields(each.conf.expand("runtime", words)); len(runtime) > 0 {
		s.add(each.peer, "files of its runtime", "MB", megabytes(filesUnder(runtime), true))
	}
}

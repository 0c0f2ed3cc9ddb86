// SPDX-License-Identifier: Apache-2.0

package main

// flips has the services say NOT_SERVING and SERVING, at any phase of the probes, while the floor
// is measured beside the first of them: a revoke of a warm client that nobody probes for.
func (s *stage) flips() {
	for i, group := range s.groups() {
		stop, stopped := make(chan bool), make(chan bool)
		go func(beside bool) {
			if beside {
				s.revokes(stop)
			}
			close(stopped)
		}(i == 0)
		together(group, func(each *sidecar) {
			s.running(each, func() { s.flip(each) })
		})
		close(stop)
		<-stopped
	}
}

func (s *stage) flip(each *sidecar) {
	var gone, decided, present, good, wrong []float64
	for i := 0; i < s.options.flips; i++ {
		pause(500, 1500)
		each.forget()
		down := each.servers.set(0, false)
		if e, ok := each.wait(false); ok {
			gone = append(gone, ms(e.at-down))
			if at, ok := deciding(each.servers.seen(), down, e.at); ok {
				decided = append(decided, ms(e.at-at))
			}
		}
		pause(500, 1500)
		puts, _ := each.forget()
		wrong = append(wrong, float64(puts))
		up := each.servers.set(0, true)
		if e, ok := each.wait(true); ok {
			present = append(present, ms(e.at-up))
			if at, ok := firstGood(each.servers.seen(), up); ok {
				good = append(good, ms(e.at-at))
			}
		}
	}
	s.samples.add(each.peer, "NOT_SERVING to key gone", "ms", gone...)
	s.samples.add(each.peer, "decided to key gone", "ms", decided...)
	s.samples.add(each.peer, "SERVING to key present", "ms", present...)
	s.samples.add(each.peer, "good probe to key present", "ms", good...)
	s.samples.add(each.peer, "puts while NOT_SERVING", "count", wrong...)
}

// kills has the process of the service die at any phase of the probes, and start again.
func (s *stage) kills() {
	for _, group := range s.groups() {
		together(group, func(each *sidecar) {
			s.running(each, func() { s.kill(each) })
		})
	}
}

func (s *stage) kill(each *sidecar) {
	var gone, present, listening []float64
	for i := 0; i < s.options.kills; i++ {
		pause(500, 1500)
		each.forget()
		killed := each.servers.kill()
		if e, ok := each.wait(false); ok {
			gone = append(gone, ms(e.at-killed))
		}
		each.servers.ended()
		pause(500, 1500)
		each.forget()
		started := each.servers.start()
		if e, ok := each.wait(true); ok {
			present = append(present, ms(e.at-started))
			listening = append(listening, ms(e.at-each.servers.listening()))
		}
	}
	s.samples.add(each.peer, "killed to key gone", "ms", gone...)
	s.samples.add(each.peer, "started again to key present", "ms", present...)
	s.samples.add(each.peer, "listening again to key present", "ms", listening...)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// sidecar is one peer, with the services that it looks after and what etcd's watch tells of them.
type sidecar struct {
	peer     string
	conf     conf
	folder   string // for its log and its configuration
	peers    string // the folder of what is measured
	targets  []target
	file     string // of the targets
	servers  *servers
	events   chan event
	child    *child
	launched int64
}

func newSidecar(o *options, peer string, targets []target, prefix string, e *etcd, p *ports) *sidecar {
	s := &sidecar{peer: peer, conf: readConf(o.peers, peer), folder: o.folder, peers: o.peers,
		targets: targets, file: fmt.Sprintf("%s/%s.targets", o.folder, peer)}
	writeTargets(s.file, targets)
	s.servers = newServers(s.file, s.path("services.log"), len(targets), p)
	s.events = e.hub.listen(prefix)
	return s
}

// patience is the longest that a change of its keys is waited for.
func (s *sidecar) patience() time.Duration {
	return 60*time.Second + time.Duration(len(s.targets))*10*time.Millisecond
}

func (s *sidecar) path(name string) string { return fmt.Sprintf("%s/%s.%s", s.folder, s.peer, name) }

func (s *sidecar) words(etcd string) map[string]string {
	first := s.targets[0]
	return map[string]string{
		"{ETCD}": etcd, "{TARGETS}": s.file, "{CONF}": s.path("conf"), "{PEERS}": s.peers,
		"{NAME}": first.name, "{HOST}": first.host, "{PORT}": first.port,
		"{PROBE}":       "127.0.0.1:" + first.port,
		"{INTERVAL_MS}": "1000", "{TIMEOUT_MS}": "1000", "{FAILURES}": "2", "{TTL}": "10",
	}
}

// launch starts it, with the commands for one service or with those for many.
func (s *sidecar) launch(etcd, kind string) {
	words := s.words(etcd)
	if pre := s.conf.expand(kind+"pre", words); pre != "" {
		if text, err := exec.Command("/bin/sh", "-ec", pre).CombinedOutput(); err != nil {
			fail("%s: %spre: %v: %s", s.peer, kind, err, text)
		}
	}
	argv := strings.Fields(s.conf.expand(kind+"cmd", words))
	c, began, err := start(argv, nil, s.path("log"))
	must(err)
	s.child, s.launched = c, began
}

func (s *sidecar) terminate() int64 {
	at := mono()
	s.child.signal(syscall.SIGTERM)
	return at
}

// forget drops what the watch has told so far, and counts.
func (s *sidecar) forget() (puts, deletes int) {
	for {
		select {
		case e := <-s.events:
			if e.put {
				puts++
			} else {
				deletes++
			}
		default:
			return
		}
	}
}

// wait for a put or a delete of its key; false when there was none for too long.
func (s *sidecar) wait(put bool) (event, bool) {
	late := time.After(s.patience())
	for {
		select {
		case e := <-s.events:
			if e.put == put {
				return e, true
			}
		case <-late:
			say("%s: WARNING: the key did not %s", s.peer, map[bool]string{true: "come", false: "go"}[put])
			return event{}, false
		}
	}
}

// waitAll waits for the same change of all its keys, and gives the ms of each since a stamp.
func (s *sidecar) waitAll(put bool, since int64) []float64 {
	keys := map[string]bool{}
	for _, each := range s.targets {
		keys[each.key()] = true
	}
	var found []float64
	for late := time.After(s.patience()); len(keys) > 0; {
		select {
		case e := <-s.events:
			if e.put == put && keys[e.key] && e.at > since {
				delete(keys, e.key)
				found = append(found, ms(e.at-since))
			}
		case <-late:
			say("%s: WARNING: %d of %d keys did not change", s.peer, len(keys), len(s.targets))
			return found
		}
	}
	return found
}

// firstGood is when its service first told that it is well, after a stamp.
func firstGood(of seen, after int64) (int64, bool) {
	for _, each := range of.Told {
		if each.At > after && each.Good {
			return each.At, true
		}
	}
	return 0, false
}

// deciding is what made the sidecar withdraw the key: the push that said so, or without one the
// last Check that failed.
func deciding(of seen, after, before int64) (int64, bool) {
	last := int64(0)
	for _, each := range of.Told {
		if each.Good || each.At <= after || each.At >= before {
			continue
		}
		if each.Push {
			return each.At, true
		}
		last = each.At
	}
	return last, last != 0
}

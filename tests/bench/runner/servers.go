// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io/ioutil"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// servers are the processes in which the services of one sidecar run, and what is asked of them. A
// service takes a listener and a connection or two, so many of them need several processes.
type servers struct {
	targets string // the file
	log     string
	shares  []share
}

type share struct {
	from, count int
	control     string
	child       *child
}

func newServers(targets, log string, count int, p *ports) *servers {
	var limit syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	most := int(limit.Max/3) - 50
	s := &servers{targets: targets, log: log}
	for from := 0; from < count; from += most {
		some := most
		if count-from < some {
			some = count - from
		}
		s.shares = append(s.shares, share{from, some, p.address(), nil})
	}
	return s
}

// start gives the stamp of just before the first process was started; all services listen then.
func (s *servers) start() int64 {
	program, err := os.Executable()
	must(err)
	first := int64(0)
	for i := range s.shares {
		each := &s.shares[i]
		argv := []string{program, "service", "-targets", s.targets, "-control", each.control,
			"-from", strconv.Itoa(each.from), "-count", strconv.Itoa(each.count)}
		c, began, err := start(argv, nil, s.log)
		must(err)
		each.child = c
		if i == 0 {
			first = began
		}
	}
	for deadline := time.Now().Add(60 * time.Second); !s.answer(); sleepMs(2) {
		if time.Now().After(deadline) {
			fail("the services did not come up, see %s", s.log)
		}
	}
	return first
}

func (s *servers) answer() bool {
	for _, each := range s.shares {
		if each.child.ended() {
			fail("the services did not come up, see %s", s.log)
		}
		if _, err := get(each.control, "/listening"); err != nil {
			return false
		}
	}
	return true
}

func get(control, path string) (string, error) {
	answer, err := http.Get("http://" + control + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := ioutil.ReadAll(answer.Body)
	return strings.TrimSpace(string(text)), err
}

func number(control, path string) int64 {
	text, err := get(control, path)
	must(err)
	n, err := strconv.ParseInt(text, 10, 64)
	must(err)
	return n
}

func upWord(up bool) string {
	if up {
		return "1"
	}
	return "0"
}

// set makes one service good or bad, and gives the server's own stamp of that.
func (s *servers) set(i int, up bool) int64 {
	for _, each := range s.shares {
		if i < each.from+each.count {
			return number(each.control, fmt.Sprintf("/set?i=%d&up=%s", i-each.from, upWord(up)))
		}
	}
	fail("there is no service %d", i)
	return 0
}

// setAll gives the first stamp of all processes, which are told at once.
func (s *servers) setAll(up bool) int64 {
	stamps := make([]int64, len(s.shares))
	var told sync.WaitGroup
	for i, each := range s.shares {
		told.Add(1)
		go func(i int, control string) {
			defer told.Done()
			stamps[i] = number(control, "/set?i=all&up="+upWord(up))
		}(i, each.control)
	}
	told.Wait()
	first := stamps[0]
	for _, stamp := range stamps {
		if stamp < first {
			first = stamp
		}
	}
	return first
}

// seen is what the first service told.
func (s *servers) seen() seen {
	text, err := get(s.shares[0].control, "/told?i=0")
	must(err)
	var found seen
	must(json.Unmarshal([]byte(text), &found))
	return found
}

func (s *servers) checks() int64 {
	sum := int64(0)
	for _, each := range s.shares {
		sum += number(each.control, "/checks")
	}
	return sum
}

// listening is when the last process listened on all its ports.
func (s *servers) listening() int64 {
	last := int64(0)
	for _, each := range s.shares {
		if at := number(each.control, "/listening"); at > last {
			last = at
		}
	}
	return last
}

func (s *servers) cpu() float64 {
	sum := 0.0
	for _, each := range s.shares {
		sum += cpuOf(each.child.pid)
	}
	return sum
}

// kill ends all at once, and gives the stamp of just before.
func (s *servers) kill() int64 {
	at := mono()
	for _, each := range s.shares {
		each.child.signal(syscall.SIGKILL)
	}
	return at
}

func (s *servers) ended() {
	for _, each := range s.shares {
		<-each.child.done
	}
}

func (s *servers) stop() {
	for _, each := range s.shares {
		each.child.stop(time.Second)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io/ioutil"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type event struct {
	at    int64 // mono() when the watcher was told
	put   bool
	key   string
	value string
}

// hub hands on the events of each prefix of keys.
type hub struct {
	mu        sync.Mutex
	listeners map[string]chan event
}

func (h *hub) listen(prefix string) chan event {
	c := make(chan event, 200000)
	h.mu.Lock()
	h.listeners[prefix] = c
	h.mu.Unlock()
	return c
}

func (h *hub) tell(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for prefix, c := range h.listeners {
		if strings.HasPrefix(e.key, prefix) {
			c <- e
		}
	}
}

// etcd is one of our own, with a warm client and a watch of all that is below /services/.
type etcd struct {
	child   *child
	address string
	client  *clientv3.Client
	hub     *hub
}

func startEtcd(folder string, p *ports) *etcd {
	program, err := exec.LookPath("etcd")
	must(err)
	data := folder + "/etcd-data"
	must(os.RemoveAll(data))
	address := p.address()
	client, peer := "http://"+address, "http://"+p.address()
	argv := []string{program, "--data-dir", data, "--name", "bench",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", "bench=" + peer, "--log-level", "warn", "--logger", "zap"}
	c, _, err := start(argv, nil, folder+"/etcd.log")
	must(err)
	for deadline := time.Now().Add(60 * time.Second); !healthy(client); sleepMs(50) {
		if c.ended() || time.Now().After(deadline) {
			fail("etcd did not come up, see %s/etcd.log", folder)
		}
	}
	e := &etcd{c, address, connect(address), &hub{listeners: map[string]chan event{}}}
	e.watch()
	return e
}

func healthy(url string) bool {
	answer, err := http.Get(url + "/health")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	text, _ := ioutil.ReadAll(answer.Body)
	return strings.Contains(string(text), `"true"`)
}

func connect(address string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{address},
		DialTimeout: 60 * time.Second,
	})
	must(err)
	return client
}

// watch stamps every event as the watcher of clientv3 gives it.
func (e *etcd) watch() {
	options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithCreatedNotify()}
	ready := make(chan bool)
	go func() {
		for answer := range e.client.Watch(context.Background(), "/services/", options...) {
			now := mono()
			if answer.Created {
				close(ready)
			}
			for _, each := range answer.Events {
				put := each.Type == clientv3.EventTypePut
				e.hub.tell(event{now, put, string(each.Kv.Key), string(each.Kv.Value)})
			}
		}
	}()
	<-ready
}

func (e *etcd) stop() {
	e.client.Close()
	e.child.stop(5 * time.Second)
}

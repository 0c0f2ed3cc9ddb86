// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/ioutil"
	"net"
	"strings"
)

// target is a service that a sidecar looks after: a line `name host port` of a file of targets.
type target struct {
	name, host, port string
}

func (t target) address() string { return net.JoinHostPort(t.host, t.port) }

// key is where every peer registers it.
func (t target) key() string { return fmt.Sprintf("/services/%s/%s", t.name, t.address()) }

func readTargets(path string) []target {
	text, err := ioutil.ReadFile(path)
	must(err)
	var targets []target
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		words := strings.Fields(line)
		if len(words) != 3 {
			fail("%s: not a target: %q", path, line)
		}
		targets = append(targets, target{words[0], words[1], words[2]})
	}
	return targets
}

func writeTargets(path string, targets []target) {
	var text strings.Builder
	for _, each := range targets {
		fmt.Fprintf(&text, "%s %s %s\n", each.name, each.host, each.port)
	}
	must(ioutil.WriteFile(path, []byte(text.String()), 0644))
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand"
	"net"
)

// Below the range from which the kernel takes source ports, so that no connection sits on the port
// of a server that is away; and beside the blocks of tests/integration/lib/ports.py.
const firstPort, lastPort, blockPorts = 10000, 20000, 100

func listens(host string, port int) net.Listener {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		return nil
	}
	return listener
}

func blockIsFree(first int, hosts []string) bool {
	for _, host := range hosts {
		for port := first; port < first+blockPorts; port++ {
			listener := listens(host, port)
			if listener == nil {
				return false
			}
			listener.Close()
		}
	}
	return true
}

// ports hands out ports of a block that is free on all hosts, and stays ours while its last port on
// 127.0.0.1 is listened on.
type ports struct {
	claim net.Listener
	first int
	next  int
}

func claimPorts(hosts []string) *ports {
	for _, i := range rand.Perm((lastPort - firstPort) / blockPorts) {
		first := firstPort + i*blockPorts
		if !blockIsFree(first, hosts) {
			continue
		}
		if claim := listens("127.0.0.1", first+blockPorts-1); claim != nil {
			return &ports{claim, first, first}
		}
	}
	fail("no block of %d ports is free", blockPorts)
	return nil
}

func (p *ports) take() int {
	if p.next == p.first+blockPorts-1 {
		fail("a block of %d ports is too small for so many peers", blockPorts)
	}
	p.next++
	return p.next - 1
}

func (p *ports) address() string { return fmt.Sprintf("127.0.0.1:%d", p.take()) }

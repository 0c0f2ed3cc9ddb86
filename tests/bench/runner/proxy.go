// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net"
	"sync/atomic"
)

// proxy passes TCP on to etcd and counts the payload.
type proxy struct {
	listener net.Listener
	address  string
	counted  traffic // atomic
}

type traffic struct {
	toEtcd, fromEtcd, connections int64
}

func newProxy(address, upstream string) *proxy {
	listener, err := net.Listen("tcp", address)
	must(err)
	p := &proxy{listener: listener, address: address}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			atomic.AddInt64(&p.counted.connections, 1)
			go p.carry(client, upstream)
		}
	}()
	return p
}

func (p *proxy) carry(client net.Conn, upstream string) {
	server, err := net.Dial("tcp", upstream)
	if err != nil {
		client.Close()
		return
	}
	go pump(server, client, &p.counted.toEtcd)
	pump(client, server, &p.counted.fromEtcd)
}

// pump copies until one end is over; a half that was closed in order leaves the other half open.
func pump(to, from net.Conn, counter *int64) {
	buffer := make([]byte, 16384)
	for {
		n, err := from.Read(buffer)
		atomic.AddInt64(counter, int64(n))
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				break
			}
		}
		if half, ok := to.(*net.TCPConn); err == io.EOF && ok {
			half.CloseWrite()
			return
		}
		if err != nil {
			break
		}
	}
	to.Close()
	from.Close()
}

func (p *proxy) counts() traffic {
	return traffic{
		atomic.LoadInt64(&p.counted.toEtcd),
		atomic.LoadInt64(&p.counted.fromEtcd),
		atomic.LoadInt64(&p.counted.connections),
	}
}

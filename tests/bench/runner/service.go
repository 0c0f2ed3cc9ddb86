// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	pb "google.golang.org/grpc/health/grpc_health_v1"
)

// told is one answer that a service gave about its health: to a Check, or pushed to a Watch.
type told struct {
	At   int64
	Good bool
	Push bool
}

const remembered = 64

// service is the health server of grpc-go, with what it tells stamped.
type service struct {
	*health.Server
	mu     sync.Mutex
	checks int64
	tells  int64
	last   [remembered]told
}

func (s *service) tell(at int64, status pb.HealthCheckResponse_ServingStatus, push bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last[s.tells%remembered] = told{at, status == pb.HealthCheckResponse_SERVING, push}
	s.tells++
	if !push {
		s.checks++
	}
}

func (s *service) Check(ctx context.Context, asked *pb.HealthCheckRequest) (*pb.HealthCheckResponse, error) {
	answer, err := s.Server.Check(ctx, asked)
	if err == nil {
		s.tell(mono(), answer.Status, false)
	}
	return answer, err
}

// stampedWatch is the stream of a Watch; the stamp of a push is from just before it is sent.
type stampedWatch struct {
	pb.Health_WatchServer
	service *service
}

func (w *stampedWatch) Send(answer *pb.HealthCheckResponse) error {
	w.service.tell(mono(), answer.Status, true)
	return w.Health_WatchServer.Send(answer)
}

func (s *service) Watch(asked *pb.HealthCheckRequest, stream pb.Health_WatchServer) error {
	return s.Server.Watch(asked, &stampedWatch{stream, s})
}

// seen is what a service answers to /told: how many checks so far, and the last that it told.
type seen struct {
	Checks int64
	Told   []told
}

func (s *service) seen() seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.tells - remembered
	if first < 0 {
		first = 0
	}
	found := seen{Checks: s.checks}
	for i := first; i < s.tells; i++ {
		found.Told = append(found.Told, s.last[i%remembered])
	}
	return found
}

func statusOf(up bool) pb.HealthCheckResponse_ServingStatus {
	if up {
		return pb.HealthCheckResponse_SERVING
	}
	return pb.HealthCheckResponse_NOT_SERVING
}

func listen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	must(err)
	return listener
}

func serve(address string) *service {
	s := &service{Server: health.NewServer()}
	listener := listen(address)
	server := grpc.NewServer()
	pb.RegisterHealthServer(server, s)
	go server.Serve(listener)
	return s
}

// control answers the runner:
//
//	/set?i=N|all&up=0|1   sets one service, or all; the stamp is of just before
//	/told?i=N             what it told, with stamps
//	/checks               how many Checks all of them have answered
//	/listening            the stamp of when all of them listened
func control(services []*service, listening int64) {
	index := func(r *http.Request) int { i, _ := strconv.Atoi(r.FormValue("i")); return i }
	http.HandleFunc("/set", func(w http.ResponseWriter, r *http.Request) {
		chosen := services
		if r.FormValue("i") != "all" {
			chosen = services[index(r) : index(r)+1]
		}
		at := mono()
		for _, s := range chosen {
			s.SetServingStatus("", statusOf(r.FormValue("up") == "1"))
		}
		fmt.Fprintln(w, at)
	})
	http.HandleFunc("/told", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(services[index(r)].seen())
	})
	http.HandleFunc("/checks", func(w http.ResponseWriter, r *http.Request) {
		sum := int64(0)
		for _, s := range services {
			sum += s.seen().Checks
		}
		fmt.Fprintln(w, sum)
	})
	http.HandleFunc("/listening", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, listening)
	})
}

// serviceMain is a process with one service or many, those of some lines of a file of targets.
func serviceMain(words []string) {
	flags := flag.NewFlagSet("service", flag.ExitOnError)
	path := flags.String("targets", "", "the file of targets")
	from := flags.Int("from", 0, "the first line, from 0")
	count := flags.Int("count", 1, "how many lines")
	address := flags.String("control", "", "where the runner asks")
	flags.Parse(words)
	var services []*service
	for _, each := range readTargets(*path)[*from : *from+*count] {
		services = append(services, serve(each.address()))
	}
	control(services, mono())
	must(http.Serve(listen(*address), nil))
}

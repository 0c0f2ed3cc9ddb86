// SPDX-License-Identifier: Apache-2.0

// A gRPC server on grpc-go with its stock health server. Control is by lines,
// the same for all our servers: see servers.py.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	pb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// checkOnly is a health server from before Watch existed.
type checkOnly struct{ *health.Server }

func (checkOnly) Watch(*pb.HealthCheckRequest, pb.Health_WatchServer) error {
	return status.Error(codes.Unimplemented, "unknown method Watch")
}

var checks int64 // calls of Check so far

func countCheck(ctx context.Context, request interface{}, _ *grpc.UnaryServerInfo,
	handle grpc.UnaryHandler) (interface{}, error) {
	atomic.AddInt64(&checks, 1)
	return handle(ctx, request)
}

// statuses collects --status NAME=STATUS; an empty name is the whole server.
type statuses map[string]string

func (s statuses) String() string { return fmt.Sprint(map[string]string(s)) }

func (s statuses) Set(text string) error {
	parts := strings.SplitN(text, "=", 2)
	if len(parts) != 2 {
		return fmt.Errorf("%q is not NAME=STATUS", text)
	}
	s[parts[0]] = parts[1]
	return nil
}

// span gives the words that a last part of an address or a port stands for: "2-11" are ten.
func span(text string) []string {
	ends := strings.SplitN(text, "-", 2)
	first, err := strconv.Atoi(ends[0])
	if err != nil || len(ends) == 1 {
		return []string{text}
	}
	last, err := strconv.Atoi(ends[1])
	if err != nil {
		return []string{text}
	}
	var out []string
	for i := first; i <= last; i++ {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

// addresses gives those of A.B.C.D-E:P-Q, or the one that is written.
func addresses(text string) []string {
	colon, dot := strings.LastIndexByte(text, ':'), strings.LastIndexByte(text, '.')
	if strings.HasPrefix(text, "unix:") || dot < 0 || colon < dot {
		return []string{text}
	}
	var out []string
	for _, last := range span(text[dot+1 : colon]) {
		for _, port := range span(text[colon+1:]) {
			out = append(out, text[:dot+1]+last+":"+port)
		}
	}
	return out
}

func listen(address string) (net.Listener, error) {
	if strings.HasPrefix(address, "unix:") {
		return net.Listen("unix", strings.TrimPrefix(address, "unix:"))
	}
	return net.Listen("tcp", address)
}

func listenAll(text string) ([]net.Listener, error) {
	var out []net.Listener
	for _, address := range addresses(text) {
		listener, err := listen(address)
		if err != nil {
			return nil, err
		}
		out = append(out, listener)
	}
	return out, nil
}

// secure gives the server its certificate; with a clientCA it takes known clients only.
func secure(cert, key, clientCA string) (credentials.TransportCredentials, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clientCA != "" {
		pem, err := os.ReadFile(clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(pem)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return credentials.NewTLS(config), nil
}

func set(h *health.Server, name, word string) {
	h.SetServingStatus(name, pb.HealthCheckResponse_ServingStatus(
		pb.HealthCheckResponse_ServingStatus_value[word]))
}

func obey(server *grpc.Server, h *health.Server, line string) {
	words := strings.Fields(line)
	switch words[0] {
	case "status":
		set(h, strings.TrimPrefix(words[1], "-"), words[2])
	case "checks":
		fmt.Println("checks", atomic.LoadInt64(&checks))
	case "graceful":
		go func() {
			server.GracefulStop()
			fmt.Println("stopped")
		}()
	}
	fmt.Println("done")
}

// terminate stops the server gracefully at SIGTERM, and then the process.
func terminate(server *grpc.Server) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
	fmt.Println("terminating")
	server.GracefulStop()
	os.Exit(0)
}

func main() {
	initial := statuses{}
	address := flag.String("listen", "", "host:port, unix:/path or A.B.C.D-E:P-Q")
	kind := flag.String("health", "full", "full, check or none")
	maxAge := flag.Int("max-age", 0, "connection age limit in milliseconds")
	maxStreams := flag.Uint("max-streams", 0, "streams on one connection; 0: no limit")
	tlsCert := flag.String("tls-cert", "", "PEM file; without it no TLS")
	tlsKey := flag.String("tls-key", "", "PEM file")
	clientCA := flag.String("client-ca", "", "PEM file; clients must show a certificate")
	flag.Var(initial, "status", "NAME=STATUS, repeatable")
	flag.Parse()

	listeners, err := listenAll(*address)
	if err != nil {
		log.Fatal(err)
	}
	options := []grpc.ServerOption{grpc.UnaryInterceptor(countCheck)}
	if *maxStreams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(*maxStreams)))
	}
	if *maxAge > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge:      time.Duration(*maxAge) * time.Millisecond,
			MaxConnectionAgeGrace: 500 * time.Millisecond,
		}))
	}
	if *tlsCert != "" {
		secured, err := secure(*tlsCert, *tlsKey, *clientCA)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(secured))
	}
	server := grpc.NewServer(options...)
	h := health.NewServer()
	for name, word := range initial {
		set(h, name, word)
	}
	switch *kind {
	case "full":
		pb.RegisterHealthServer(server, h)
	case "check":
		pb.RegisterHealthServer(server, checkOnly{h})
	}
	go terminate(server)
	for _, listener := range listeners {
		listener := listener
		go func() {
			if err := server.Serve(listener); err != nil {
				log.Fatal(err)
			}
		}()
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		obey(server, h, lines.Text())
	}
	server.Stop()
}

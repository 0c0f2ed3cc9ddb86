// SPDX-License-Identifier: Apache-2.0

// A client of a gRPC service that is found through etcd's own resolver for
// gRPC. Control is by lines, as for our servers: see servers.py.
//
//	list   what etcd's endpoints.Manager finds: a line "KEY ADDR METADATA" each
//	call   Health/Check through the resolver, to each address in turn
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"sort"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/naming/endpoints"
	"go.etcd.io/etcd/clientv3/naming/resolver"
	"google.golang.org/grpc"
	pb "google.golang.org/grpc/health/grpc_health_v1"
)

const timeout = 60 * time.Second

func list(manager endpoints.Manager) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	found, err := manager.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	keys := make([]string, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		metadata, _ := json.Marshal(found[key].Metadata)
		fmt.Printf("found %s %s %s\n", key, found[key].Addr, metadata)
	}
}

func call(service *grpc.ClientConn) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	health := pb.NewHealthClient(service)
	answer, err := health.Check(ctx, &pb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		fmt.Printf("failed %v\n", err)
		return
	}
	fmt.Printf("answer %v\n", answer.Status)
}

func obey(manager endpoints.Manager, service *grpc.ClientConn) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "list":
			list(manager)
		case "call":
			call(service)
		default:
			log.Fatalf("%q is no command", lines.Text())
		}
		fmt.Println("done")
	}
}

func main() {
	etcd := flag.String("etcd", "127.0.0.1:2379", "host:port of etcd")
	name := flag.String("service", "", "name of the service")
	flag.Parse()
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{*etcd}, DialTimeout: timeout,
	})
	if err != nil {
		log.Fatal(err)
	}
	manager, err := endpoints.NewManager(client, *name)
	if err != nil {
		log.Fatal(err)
	}
	builder, err := resolver.NewBuilder(client)
	if err != nil {
		log.Fatal(err)
	}
	service, err := grpc.Dial("etcd:///"+*name, grpc.WithInsecure(), grpc.WithResolvers(builder),
		grpc.WithDefaultServiceConfig(`{"loadBalancingPolicy":"round_robin"}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	obey(manager, service)
}

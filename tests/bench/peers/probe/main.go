// SPDX-License-Identifier: Apache-2.0

// probe: one gRPC health check and out, for a shell sidecar. (What
// grpc-health-probe does; used when that is not there.)
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	addr := flag.String("addr", "", "")
	ct := flag.Duration("connect-timeout", time.Second, "")
	rt := flag.Duration("rpc-timeout", time.Second, "")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *ct)
	defer cancel()
	c, err := grpc.DialContext(ctx, *addr, grpc.WithInsecure(), grpc.WithBlock(), grpc.FailOnNonTempDialError(true))
	if err != nil {
		os.Exit(2)
	}
	ctx, cancel = context.WithTimeout(context.Background(), *rt)
	defer cancel()
	r, err := healthpb.NewHealthClient(c).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		os.Exit(3)
	}
	if r.Status != healthpb.HealthCheckResponse_SERVING {
		os.Exit(4)
	}
}

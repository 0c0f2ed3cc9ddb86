// SPDX-License-Identifier: Apache-2.0

import { Controller, Module } from "@nestjs/common";
import { GrpcMethod } from "@nestjs/microservices";
import { HealthImplementation } from "grpc-health-check";
import { start } from "../service/run";
import { NewPolicy, Policies, Policy } from "./policies";

@Controller()
class CouponController {
  private readonly policies = new Policies();

  @GrpcMethod("CouponService", "CreatePolicy")
  createPolicy(request: NewPolicy): Policy {
    return this.policies.create(request);
  }

  @GrpcMethod("CouponService", "ListPolicies")
  listPolicies(): { policies: Policy[] } {
    return { policies: this.policies.list() };
  }
}

@Module({ controllers: [CouponController] })
class CouponModule {}

// The one of the three that has a health service.
const health = new HealthImplementation({ "": "SERVING" });

start({
  name: "coupon-service",
  port: 50051,
  package: "coupon",
  module: CouponModule,
  addTo: (server) => health.addToServer(server),
});

// SPDX-License-Identifier: Apache-2.0

import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { LOADER, protoFile } from "../service/loader";
import { DiscoverySource } from "./instance";
import { Pool } from "./pool";

// The services behind this gateway: name, file and package of the .proto, name in it.
const SERVICES = [
  { name: "coupon-service", package: "coupon", symbol: "CouponService" },
  { name: "point-service", package: "point", symbol: "PointService" },
  { name: "timesale-service", package: "timesale", symbol: "TimeSaleService" },
] as const;

export type ServiceName = (typeof SERVICES)[number]["name"];

function clientOf(service: (typeof SERVICES)[number]): grpc.ServiceClientConstructor {
  const loaded = grpc.loadPackageDefinition(loadSync(protoFile(service.package), LOADER));
  const inPackage = loaded[service.package] as grpc.GrpcObject;
  return inPackage[service.symbol] as grpc.ServiceClientConstructor;
}

// An instance-aware client of all services: who calls says which, and what for.
export class Services {
  private readonly pools: Pool[];

  constructor(private readonly source: DiscoverySource) {
    this.pools = SERVICES.map((service) => new Pool(service.name, clientOf(service)));
    this.pools.forEach((pool) => source.watch(pool.service, (found) => pool.replace(found)));
  }

  pool(name: ServiceName): Pool {
    return this.pools.find((pool) => pool.service === name)!;
  }

  instances(): Record<string, { instances: number; addresses: string[] }> {
    return Object.fromEntries(
      this.pools.map(({ service, addresses }) => [
        service,
        { instances: addresses.length, addresses },
      ]),
    );
  }

  close(): void {
    this.source.close();
    this.pools.forEach((pool) => pool.close());
  }
}

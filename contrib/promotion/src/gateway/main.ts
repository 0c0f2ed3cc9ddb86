// SPDX-License-Identifier: Apache-2.0

import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { info } from "../log";
import { stopGracefully } from "../stop";
import {
  CouponController,
  HealthController,
  PointController,
  SETTINGS,
  TimeSaleController,
} from "./api";
import { DiscoverySource } from "./instance";
import { Services } from "./services";
import { gatewaySettings, GatewaySettings } from "./settings";
import { SidecarSource } from "./sidecar";

@Module({})
class GatewayModule {}

// The one place that knows both. With a sidecar no etcd client is even loaded.
async function discoverySource(settings: GatewaySettings): Promise<DiscoverySource> {
  if (settings.discovery === "sidecar") {
    return new SidecarSource(settings.runDir);
  }
  const { Etcd3Source } = await import("./etcd3");
  return new Etcd3Source(settings.etcdHosts, settings.prefix);
}

async function run(): Promise<void> {
  const settings = gatewaySettings(process.env);
  const services = new Services(await discoverySource(settings));
  const app = await NestFactory.create(
    {
      module: GatewayModule,
      controllers: [CouponController, PointController, TimeSaleController, HealthController],
      providers: [
        { provide: Services, useValue: services },
        { provide: SETTINGS, useValue: settings },
      ],
    },
    { logger: ["error", "warn"] },
  );
  stopGracefully("the gateway", async () => {
    const closed = app.close();
    app.getHttpServer().closeIdleConnections();
    await closed;
    services.close();
  });
  await app.listen(settings.port, settings.host);
  const { host, port, discovery } = settings;
  info(`the gateway listens on ${host}:${port}, discovery by ${discovery}`);
}

run().catch((error: Error) => {
  console.error(`gateway: ${error.message}`);
  process.exit(1);
});

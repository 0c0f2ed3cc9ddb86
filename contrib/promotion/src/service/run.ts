// SPDX-License-Identifier: Apache-2.0

import "reflect-metadata";
import { Server } from "@grpc/grpc-js";
import { NestFactory } from "@nestjs/core";
import { MicroserviceOptions, Transport } from "@nestjs/microservices";
import { info } from "../log";
import { stopGracefully } from "../stop";
import { LOADER, protoFile } from "./loader";
import { listenAddress, serviceSettings } from "./settings";

export interface ServiceDefinition {
  name: string; // unless SERVICE_NAME says otherwise
  port: number; // unless GRPC_PORT says otherwise
  package: string; // of the .proto, which has the same name
  module: object; // the root module, a class
  addTo?: (server: Server) => void; // further gRPC services
}

// Starts one gRPC service and keeps it running until a signal ends it.
export async function runService(definition: ServiceDefinition): Promise<void> {
  const settings = serviceSettings(definition.name, definition.port);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(definition.module, {
    logger: ["error", "warn"],
    transport: Transport.GRPC,
    options: {
      package: definition.package,
      protoPath: protoFile(definition.package),
      url: listenAddress(settings),
      loader: LOADER,
      gracefulShutdown: true,
      onLoadPackageDefinition: (_, server: Server) => definition.addTo?.(server),
    },
  });
  stopGracefully(settings.name, () => app.close());
  await app.listen();
  info(`${settings.name} listens on ${listenAddress(settings)}`);
}

export function start(definition: ServiceDefinition): void {
  runService(definition).catch((error: Error) => {
    console.error(`${definition.name}: ${error.message}`);
    process.exit(1);
  });
}

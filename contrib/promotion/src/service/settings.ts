// SPDX-License-Identifier: Apache-2.0

export interface ServiceSettings {
  name: string;
  host: string; // where others reach it
  port: number;
}

export function portFrom(name: string, value: string | undefined, fallback: number): number {
  if (value === undefined || value === "") {
    return fallback;
  }
  const port = Number(value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`${name}: '${value}' is not a port from 1 to 65535`);
  }
  return port;
}

// All that a service is told. There is nothing about discovery in it.
export function serviceSettings(name: string, port: number): ServiceSettings {
  return {
    name: process.env.SERVICE_NAME || name,
    host: process.env.SERVICE_HOST || "localhost",
    port: portFrom("GRPC_PORT", process.env.GRPC_PORT, port),
  };
}

// A service that is reached as localhost is for this machine alone; any other name or address is
// one under which others come, and a sidecar beside it still probes it on the loopback interface.
export function listenAddress(settings: ServiceSettings): string {
  const { host, port } = settings;
  if (host === "localhost" || host.startsWith("127.")) {
    return `127.0.0.1:${port}`;
  }
  return host.includes(":") ? `[::]:${port}` : `0.0.0.0:${port}`;
}

// SPDX-License-Identifier: Apache-2.0

import { portFrom } from "../service/settings";

export type Discovery = "sidecar" | "etcd3";

export interface GatewaySettings {
  port: number;
  host: string; // that the API listens on
  discovery: Discovery;
  runDir: string; // sidecar: where its json files are
  etcdHosts: string[]; // etcd3: the members
  prefix: string; // etcd3: the first part of every key
}

export function gatewaySettings(env: NodeJS.ProcessEnv): GatewaySettings {
  const discovery = env.GATEWAY_DISCOVERY || "sidecar";
  if (discovery !== "sidecar" && discovery !== "etcd3") {
    throw new Error(`GATEWAY_DISCOVERY: '${discovery}' is neither sidecar nor etcd3`);
  }
  return {
    port: portFrom("PORT", env.PORT, 4000),
    host: env.GATEWAY_HOST || "127.0.0.1",
    discovery,
    runDir: env.GATEWAY_RUN_DIR || "/run/svc-agent",
    etcdHosts: (env.ETCD_HOSTS || "localhost:2379").split(",").map((host) => host.trim()),
    prefix: "/services",
  };
}

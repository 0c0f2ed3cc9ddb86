// SPDX-License-Identifier: Apache-2.0

// One instance of a service, as whichever discovery tells of it.
export interface Instance {
  address: string; // host:port, with brackets around an IPv6 address
  weight: number; // 0 to 65535
}

// Hands over the instances of one service: all of them, each time that they change.
export type OnInstances = (instances: Instance[]) => void;

export interface DiscoverySource {
  watch(service: string, onInstances: OnInstances): void;
  close(): void;
}

export function weightOf(value: unknown): number {
  const good = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65535;
  return good ? value : 1;
}

// The instance that an object with host and port stands for; throws a sentence when it is none.
export function instanceOf(value: unknown, weight: unknown): Instance {
  if (typeof value !== "object" || value === null) {
    throw new Error("it is not an object");
  }
  const { host, port } = value as Record<string, unknown>;
  if (typeof host !== "string" || host === "") {
    throw new Error("it has no host");
  }
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error("its port is not a number from 1 to 65535");
  }
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return { address, weight: weightOf(weight) };
}

// Whether two lists say the same; both are in order.
export function sameInstances(a: Instance[], b: Instance[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => one.address === b[i].address && one.weight === b[i].weight)
  );
}

export function inOrder(instances: Instance[]): Instance[] {
  const unique = new Map(instances.map((instance) => [instance.address, instance]));
  return [...unique.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

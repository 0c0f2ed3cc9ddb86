// SPDX-License-Identifier: Apache-2.0

/*
 * The reading side as gateways with an etcd client in them have it: a watch on the service's
 * prefix, and at each put or delete everything is read again.
 *
 * A first read finds out whether etcd is there: making a watch says nothing until it is. Another
 * follows when the watch stands, so no change falls between. When anything fails, all is done anew
 * after a pause, with a new watch: the old one would go on from its revision, and wait for ever in
 * an etcd that was wiped. The instances stay what they were.
 */

import { noop } from "cockatiel";
import { Etcd3, Watcher } from "etcd3";
import { info, warn } from "../log";
import {
  DiscoverySource,
  inOrder,
  Instance,
  instanceOf,
  OnInstances,
  sameInstances,
} from "./instance";

const PAUSE_MS = 500;

// etcd3's own pauses grow to half a minute, and it leaves a member alone for 5 s after three
// failures; here the one pause above is what counts.
const steady = { duration: PAUSE_MS, next: () => steady };
const GRPC = {
  "grpc.enable_http_proxy": 0,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5000,
};

class ServicePrefix {
  private instances: Instance[] | undefined;
  private watcher: Watcher | undefined;
  private again: NodeJS.Timeout | undefined;
  private trouble = false;
  private closed = false;
  private reading = false;
  private readAgain = false;
  private readonly skipped = new Set<string>(); // keys whose values were complained of

  constructor(
    private readonly client: Etcd3,
    private readonly service: string,
    private readonly prefix: string,
    private readonly onInstances: OnInstances,
  ) {
    void this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.again);
    this.drop();
  }

  private async open(): Promise<void> {
    try {
      if (!(await this.read()) || this.closed) {
        return;
      }
      const watcher = await this.client.watch().prefix(this.prefix).create();
      if (this.closed) {
        await watcher.cancel();
        return;
      }
      this.watcher = watcher;
      const read = (): void => void this.read();
      watcher.on("put", read).on("delete", read);
      watcher.on("error", (error) => this.failed(error));
      watcher.on("disconnected", (error) => this.failed(error));
      await this.read();
    } catch (error) {
      this.failed(error as Error);
    }
  }

  private drop(): void {
    this.watcher?.removeAllListeners();
    this.watcher?.on("error", () => undefined);
    this.watcher?.cancel().catch(() => undefined);
    this.watcher = undefined;
  }

  private failed(error: Error): void {
    if (this.closed) {
      return;
    }
    if (!this.trouble) {
      this.trouble = true;
      warn(`${this.service}: etcd cannot be read, trying again: ${error.message}`);
    }
    this.drop();
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.open(), PAUSE_MS);
  }

  // One read at a time; a change during it is followed by another one. Says whether it went well.
  private async read(): Promise<boolean> {
    if (this.reading) {
      this.readAgain = true;
      return true;
    }
    this.reading = true;
    try {
      do {
        this.readAgain = false;
        this.take(await this.client.getAll().prefix(this.prefix).strings());
      } while (this.readAgain);
      return true;
    } catch (error) {
      this.failed(error as Error);
      return false;
    } finally {
      this.reading = false;
    }
  }

  private take(found: Record<string, string>): void {
    if (this.closed) {
      return;
    }
    if (this.trouble) {
      this.trouble = false;
      info(`${this.service}: etcd can be read`);
    }
    const parsed = Object.entries(found).flatMap(([key, value]) => this.parse(key, value));
    const instances = inOrder(parsed);
    if (this.instances === undefined || !sameInstances(this.instances, instances)) {
      this.instances = instances;
      this.onInstances(instances);
    }
  }

  // Nothing for a value that cannot be used: it is named once, and is no reason to lose the others.
  private parse(key: string, value: string): Instance[] {
    try {
      const parsed = JSON.parse(value);
      return [instanceOf(parsed, parsed?.weight)];
    } catch (error) {
      if (!this.skipped.has(key) && this.skipped.size < 1000) {
        this.skipped.add(key);
        warn(`${this.service}: ${key} is no instance: ${(error as Error).message}`);
      }
      return [];
    }
  }
}

export class Etcd3Source implements DiscoverySource {
  private readonly client: Etcd3;
  private readonly prefixes: ServicePrefix[] = [];

  constructor(hosts: string[], private readonly prefix: string) {
    this.client = new Etcd3({
      hosts,
      grpcOptions: GRPC,
      faultHandling: { host: () => noop, watchBackoff: steady },
    });
  }

  watch(service: string, onInstances: OnInstances): void {
    const prefix = `${this.prefix}/${service}/`;
    this.prefixes.push(new ServicePrefix(this.client, service, prefix, onInstances));
  }

  close(): void {
    this.prefixes.forEach((prefix) => prefix.close());
    this.client.close();
  }
}

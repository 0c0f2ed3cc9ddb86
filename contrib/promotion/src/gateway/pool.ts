// SPDX-License-Identifier: Apache-2.0

import * as grpc from "@grpc/grpc-js";
import { info } from "../log";
import { pick } from "./balancer";
import { Connection, Ended } from "./connection";
import { Instance } from "./instance";

export class NoInstance extends Error {}

// What a call came to, and which instance it came from.
export interface Reply {
  ended: Ended;
  address: string;
}

// All instances of one service, as a client: a connection to each, and calls spread over them.
export class Pool {
  private connections: Connection[] = [];
  private hadSome = false;

  constructor(
    readonly service: string,
    private readonly client: grpc.ServiceClientConstructor,
  ) {}

  get addresses(): string[] {
    return this.connections.map((connection) => connection.address);
  }

  // Takes over a list that differs from the last one.
  replace(instances: Instance[]): void {
    info(`${this.service} instances changed: ${instances.length}`);
    const before = new Map(this.connections.map((one) => [one.address, one]));
    if (this.hadSome && instances.some(({ address }) => !before.has(address))) {
      info(`Reconnecting to ${this.service}`);
    }
    this.hadSome ||= instances.length > 0;
    this.connections = instances.map(({ address, weight }) => {
      const connection = before.get(address);
      before.delete(address);
      if (connection === undefined) {
        return new Connection(this.service, address, weight, this.client);
      }
      connection.weight = weight;
      return connection;
    });
    before.forEach((gone) => gone.release());
  }

  /*
   * Calls one instance. When that fails with UNAVAILABLE, another one is tried, once, provided that
   * the first has certainly not carried the request out (the connection could not be made, so it
   * was not sent), or that carrying it out twice is the same as once (`safe`: it only reads).
   * A request that changes something and was sent is not repeated: nobody knows how far it came.
   */
  async call(method: string, request: object, safe: boolean): Promise<Reply> {
    const definition = this.client.service[method];
    const first = this.choose();
    if (first === undefined) {
      throw new NoInstance(this.service);
    }
    const ended = await first.call(definition, request);
    const again = ended.error?.code === grpc.status.UNAVAILABLE && (safe || !ended.sent);
    const second = again ? this.choose(first) : undefined;
    if (second === undefined) {
      return { ended, address: first.address };
    }
    return { ended: await second.call(definition, request), address: second.address };
  }

  close(): void {
    this.connections.forEach((connection) => connection.release());
    this.connections = [];
  }

  // The next in turn among those that are reached best.
  private choose(but?: Connection): Connection | undefined {
    const left = this.connections.filter((connection) => connection !== but);
    const best = Math.min(...left.map((connection) => connection.rank));
    return pick(left.filter((connection) => connection.rank === best));
  }
}

// SPDX-License-Identifier: Apache-2.0

import * as grpc from "@grpc/grpc-js";
import { info } from "../log";
import { Weighted } from "./balancer";

const { IDLE, READY, CONNECTING, TRANSIENT_FAILURE, SHUTDOWN } = grpc.connectivityState;

const OPTIONS: grpc.ChannelOptions = {
  // An instance that comes back is connected to at once, not after what its predecessor's failures
  // at the same address have left of a pause.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  // Instances are near: no proxy of the environment stands before them, and no TXT record.
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
};

const CALL_MS = 5000; // for one call to one instance

// How one call to one instance ended: with an answer, or with an error.
export interface Ended {
  error?: grpc.ServiceError;
  answer?: unknown;
  sent: boolean; // whether the request may have left for a server
}

/*
 * The connection to one instance. It outlives its place in the list: release() lets the calls that
 * are in flight end before it is closed, so an instance that is drained finishes what it has.
 */
export class Connection implements Weighted {
  credit = 0;
  private readonly client: grpc.Client;
  private inFlight = 0;
  private released = false;

  constructor(
    private readonly service: string,
    readonly address: string,
    public weight: number,
    constructor: grpc.ServiceClientConstructor,
  ) {
    this.client = new constructor(address, grpc.credentials.createInsecure(), OPTIONS);
    this.observe(this.client.getChannel().getConnectivityState(true));
  }

  // 0: a call can be sent, or nothing speaks against it; 1: connecting; 2: not to be reached now.
  get rank(): number {
    const state = this.client.getChannel().getConnectivityState(false);
    return state === READY || state === IDLE ? 0 : state === CONNECTING ? 1 : 2;
  }

  call(method: grpc.MethodDefinition<object, object>, request: object): Promise<Ended> {
    this.inFlight += 1;
    return new Promise((resolve) => {
      const target = this.client.getChannel().getTarget();
      const call = this.client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline: Date.now() + CALL_MS },
        (error, answer) => {
          // A call that was never given to a connection still has the channel's own target for a
          // peer: its request has not left this process.
          const sent = call.getPeer() !== target;
          this.inFlight -= 1;
          this.closeWhenUnused();
          resolve(error ? { error, sent } : { answer, sent });
        },
      );
    });
  }

  release(): void {
    this.released = true;
    this.closeWhenUnused();
  }

  private closeWhenUnused(): void {
    if (this.released && this.inFlight === 0) {
      this.client.close();
    }
  }

  // Logs each change of state that a person would want to know of.
  private observe(state: grpc.connectivityState): void {
    if (state === SHUTDOWN || this.released) {
      return;
    }
    this.client.getChannel().watchConnectivityState(state, Infinity, () => {
      const now = this.client.getChannel().getConnectivityState(false);
      if (this.released) {
        return;
      }
      if (now === READY) {
        info(`Connected to ${this.service} at ${this.address}`);
      } else if (state === READY) {
        info(`Connection to ${this.service} at ${this.address} ended`);
      } else if (now === TRANSIENT_FAILURE) {
        info(`Cannot connect to ${this.service} at ${this.address} yet, trying again`);
      }
      this.observe(now);
    });
  }
}

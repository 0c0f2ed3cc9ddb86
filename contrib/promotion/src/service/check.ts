// SPDX-License-Identifier: Apache-2.0

import { status } from "@grpc/grpc-js";
import { RpcException } from "@nestjs/microservices";

// Refuses a request with a sentence for whoever sent it.
export function demand(holds: boolean, sentence: string): void {
  if (!holds) {
    throw new RpcException({ code: status.INVALID_ARGUMENT, message: sentence });
  }
}

export function demandText(name: string, value: string, longest = 200): void {
  demand(value.trim() !== "", `${name} must not be empty`);
  demand(value.length <= longest, `${name} must not be longer than ${longest} characters`);
}

export function demandWhole(name: string, value: number, least: number): void {
  const holds = Number.isSafeInteger(value) && value >= least;
  demand(holds, `${name} must be a whole number from ${least}`);
}

export function demandSpan(start: string, end: string): void {
  demand(!Number.isNaN(Date.parse(start)), "startTime must be a time, as 2026-12-01T00:00:00Z");
  demand(!Number.isNaN(Date.parse(end)), "endTime must be a time, as 2026-12-31T23:59:59Z");
  demand(Date.parse(start) < Date.parse(end), "endTime must be after startTime");
}

// Stores are in memory: without a bound, a client that only creates would end the process.
export function demandRoom(held: number, most: number): void {
  if (held >= most) {
    const message = `${most} are held already`;
    throw new RpcException({ code: status.RESOURCE_EXHAUSTED, message });
  }
}

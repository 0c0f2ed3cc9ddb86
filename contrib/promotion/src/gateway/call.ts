// SPDX-License-Identifier: Apache-2.0

import { ServiceError, status } from "@grpc/grpc-js";
import { HttpException, HttpStatus } from "@nestjs/common";
import { Response } from "./http";
import { NoInstance, Pool, Reply } from "./pool";

// The statuses that tell the client something; all others are a failure of what is behind us.
const HTTP_STATUS = new Map([
  [status.INVALID_ARGUMENT, HttpStatus.BAD_REQUEST],
  [status.NOT_FOUND, HttpStatus.NOT_FOUND],
  [status.RESOURCE_EXHAUSTED, 507],
  [status.DEADLINE_EXCEEDED, HttpStatus.GATEWAY_TIMEOUT],
]);

function noInstance(service: string): HttpException {
  const message = `${service} has no instance at the moment, please try again later`;
  return new HttpException({ message }, HttpStatus.SERVICE_UNAVAILABLE);
}

function failure(at: string, error: ServiceError, sent: boolean): HttpException {
  if (error.code === status.UNAVAILABLE && !sent) {
    const message = `${at} cannot be reached at the moment, please try again later`;
    return new HttpException({ message }, HttpStatus.SERVICE_UNAVAILABLE);
  }
  if (error.code === status.UNAVAILABLE) {
    const message = `${at} went away during the call, which it may have carried out`;
    return new HttpException({ message }, HttpStatus.BAD_GATEWAY);
  }
  const code = HTTP_STATUS.get(error.code) ?? HttpStatus.BAD_GATEWAY;
  return new HttpException({ message: error.details || `${at} failed` }, code);
}

async function reply(pool: Pool, method: string, request: object, safe: boolean): Promise<Reply> {
  try {
    return await pool.call(method, request, safe);
  } catch (error) {
    throw error instanceof NoInstance ? noInstance(pool.service) : error;
  }
}

// One API call as one gRPC call; the header X-Instance says who has answered.
export async function forward<Answer>(
  response: Response,
  pool: Pool,
  method: string,
  request: object,
  safe = false,
): Promise<Answer> {
  const { ended, address } = await reply(pool, method, request, safe);
  response.setHeader("X-Instance", address);
  if (ended.error !== undefined) {
    throw failure(`${pool.service} at ${address}`, ended.error, ended.sent);
  }
  return ended.answer as Answer;
}

// SPDX-License-Identifier: Apache-2.0

import { BadRequestException } from "@nestjs/common";

type Kind = "string" | "number";

// The members of a JSON body that a request has, of the types that it has them in; those left out
// are for the service to judge. Anything else would be bent into shape on its way into a message.
export function members(body: unknown, kinds: Record<string, Kind>): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new BadRequestException({ message: "the body must be a JSON object" });
  }
  const taken: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(kinds, name)) {
      throw new BadRequestException({ message: `${name} is not known here` });
    }
    if (typeof value !== kinds[name]) {
      throw new BadRequestException({ message: `${name} must be a ${kinds[name]}` });
    }
    taken[name] = value;
  }
  return taken;
}

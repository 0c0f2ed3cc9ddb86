// SPDX-License-Identifier: Apache-2.0

import { randomUUID } from "crypto";
import { demand, demandRoom, demandSpan, demandText, demandWhole } from "../service/check";

export interface NewPolicy {
  title: string;
  description: string;
  totalQuantity: number;
  startTime: string;
  endTime: string;
  discountType: string;
  discountValue: number;
  minimumOrderAmount: number;
  maximumDiscountAmount: number;
}

export type Policy = NewPolicy & { id: string };

const MOST = 10_000;

function check(policy: NewPolicy): void {
  demandText("title", policy.title);
  demand(policy.description.length <= 2000, "description must not be longer than 2000 characters");
  demandWhole("totalQuantity", policy.totalQuantity, 1);
  demandSpan(policy.startTime, policy.endTime);
  const known = ["PERCENTAGE", "FIXED_AMOUNT"].includes(policy.discountType);
  demand(known, "discountType must be PERCENTAGE or FIXED_AMOUNT");
  demand(policy.discountValue > 0, "discountValue must be more than 0");
  if (policy.discountType === "PERCENTAGE") {
    demand(policy.discountValue <= 100, "discountValue must be at most 100 percent");
  }
  demand(policy.minimumOrderAmount >= 0, "minimumOrderAmount must not be negative");
  demand(policy.maximumDiscountAmount >= 0, "maximumDiscountAmount must not be negative");
}

export class Policies {
  private readonly held: Policy[] = [];

  create(policy: NewPolicy): Policy {
    check(policy);
    demandRoom(this.held.length, MOST);
    const created = { ...policy, id: randomUUID() };
    this.held.push(created);
    return created;
  }

  list(): Policy[] {
    return this.held;
  }
}

// SPDX-License-Identifier: Apache-2.0

import { Controller, Module } from "@nestjs/common";
import { GrpcMethod } from "@nestjs/microservices";
import { demand, demandRoom, demandText, demandWhole } from "../service/check";
import { start } from "../service/run";

const MOST_USERS = 10_000;

interface Balance {
  userId: string;
  balance: number;
}

@Controller()
class PointController {
  private readonly balances = new Map<string, number>();

  @GrpcMethod("PointService", "Earn")
  earn(request: { userId: string; amount: number }): Balance {
    demandText("userId", request.userId);
    demandWhole("amount", request.amount, 1);
    const balance = (this.balances.get(request.userId) ?? 0) + request.amount;
    demand(Number.isSafeInteger(balance), "amount must not make the balance larger than 2^53");
    if (!this.balances.has(request.userId)) {
      demandRoom(this.balances.size, MOST_USERS);
    }
    this.balances.set(request.userId, balance);
    return { userId: request.userId, balance };
  }

  @GrpcMethod("PointService", "GetBalance")
  getBalance(request: { userId: string }): Balance {
    return { userId: request.userId, balance: this.balances.get(request.userId) ?? 0 };
  }
}

@Module({ controllers: [PointController] })
class PointModule {}

start({ name: "point-service", port: 50052, package: "point", module: PointModule });

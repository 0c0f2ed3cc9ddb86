// SPDX-License-Identifier: Apache-2.0

import { randomUUID } from "crypto";
import { Controller, Module } from "@nestjs/common";
import { GrpcMethod } from "@nestjs/microservices";
import { demand, demandRoom, demandSpan, demandText, demandWhole } from "../service/check";
import { start } from "../service/run";

const MOST = 10_000;

interface NewTimeSale {
  productId: string;
  price: number;
  quantity: number;
  startTime: string;
  endTime: string;
}

type TimeSale = NewTimeSale & { id: string };

@Controller()
class TimeSaleController {
  private readonly held: TimeSale[] = [];

  @GrpcMethod("TimeSaleService", "CreateTimeSale")
  createTimeSale(request: NewTimeSale): TimeSale {
    demandText("productId", request.productId);
    demand(request.price > 0, "price must be more than 0");
    demandWhole("quantity", request.quantity, 1);
    demandSpan(request.startTime, request.endTime);
    demandRoom(this.held.length, MOST);
    const created = { ...request, id: randomUUID() };
    this.held.push(created);
    return created;
  }

  @GrpcMethod("TimeSaleService", "ListTimeSales")
  listTimeSales(): { timeSales: TimeSale[] } {
    return { timeSales: this.held };
  }
}

@Module({ controllers: [TimeSaleController] })
class TimeSaleModule {}

start({ name: "timesale-service", port: 50053, package: "timesale", module: TimeSaleModule });

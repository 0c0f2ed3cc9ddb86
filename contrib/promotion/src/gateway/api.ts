// SPDX-License-Identifier: Apache-2.0

import { Body, Controller, Get, Inject, Param, Post, Res } from "@nestjs/common";
import { members } from "./body";
import { forward } from "./call";
import { Response } from "./http";
import { Services } from "./services";
import { GatewaySettings } from "./settings";

export const SETTINGS = "settings";

@Controller("coupon-policies")
export class CouponController {
  constructor(@Inject(Services) private readonly services: Services) {}

  @Post()
  create(@Body() body: unknown, @Res({ passthrough: true }) response: Response): Promise<object> {
    const request = members(body, {
      title: "string",
      description: "string",
      totalQuantity: "number",
      startTime: "string",
      endTime: "string",
      discountType: "string",
      discountValue: "number",
      minimumOrderAmount: "number",
      maximumDiscountAmount: "number",
    });
    return forward(response, this.services.pool("coupon-service"), "CreatePolicy", request);
  }

  @Get()
  async list(@Res({ passthrough: true }) response: Response): Promise<object[]> {
    const pool = this.services.pool("coupon-service");
    const answer = await forward<{ policies: object[] }>(response, pool, "ListPolicies", {}, true);
    return answer.policies;
  }
}

@Controller("points")
export class PointController {
  constructor(@Inject(Services) private readonly services: Services) {}

  @Post(":userId/earn")
  earn(
    @Param("userId") userId: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const request = { ...members(body, { amount: "number" }), userId };
    return forward(response, this.services.pool("point-service"), "Earn", request);
  }

  @Get(":userId")
  balance(
    @Param("userId") userId: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const pool = this.services.pool("point-service");
    return forward(response, pool, "GetBalance", { userId }, true);
  }
}

@Controller("time-sales")
export class TimeSaleController {
  constructor(@Inject(Services) private readonly services: Services) {}

  @Post()
  create(@Body() body: unknown, @Res({ passthrough: true }) response: Response): Promise<object> {
    const request = members(body, {
      productId: "string",
      price: "number",
      quantity: "number",
      startTime: "string",
      endTime: "string",
    });
    return forward(response, this.services.pool("timesale-service"), "CreateTimeSale", request);
  }

  @Get()
  async list(@Res({ passthrough: true }) response: Response): Promise<object[]> {
    const pool = this.services.pool("timesale-service");
    const answer = await forward<{ timeSales: object[] }>(
      response,
      pool,
      "ListTimeSales",
      {},
      true,
    );
    return answer.timeSales;
  }
}

@Controller("health")
export class HealthController {
  constructor(
    @Inject(Services) private readonly services: Services,
    @Inject(SETTINGS) private readonly settings: GatewaySettings,
  ) {}

  // The gateway itself is well whenever it answers; how many instances it knows is said by service.
  @Get()
  health(): object {
    return { discovery: this.settings.discovery, services: this.services.instances() };
  }
}

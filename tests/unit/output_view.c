/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/output_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

void add_instance(struct output_view *view, const char *key, const char *host, uint16_t port,
		const char *metadata, uint32_t weight)
{
	struct instance *made = instance_make(key, host, port, "grpc", metadata);

	assert_non_null(made);
	made->weight = weight;
	assert_int_equal(instances_put(&view->instances, made), 0);
	instance_unref(made);
}

void make_coupon(struct output_view *view)
{
	memset(view, 0, sizeof *view);
	view->service = "coupon-service";
	view->prefix = "/services/coupon-service/";
	view->revision = 7;
	add_instance(view, "/services/coupon-service/localhost:50051", "localhost", 50051,
			"{\"version\":\"1.0.0\",\"weight\":100}", 100);
	add_instance(view, "/services/coupon-service/[::1]:50052", "::1", 50052, "{}", 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OUTPUT_VIEW_H
#define TESTS_UNIT_OUTPUT_VIEW_H

/* output_view - views for the tests of what is rendered from them. */

#include "agent/outputs/view.h"

/* Its weight is that of the metadata, which is `{"weight":N}` or has none. */
void add_instance(struct output_view *view, const char *key, const char *host, uint16_t port,
		const char *metadata, uint32_t weight);

/* coupon-service at revision 7, with localhost:50051 and [::1]:50052. */
void make_coupon(struct output_view *view);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_OUTPUT_H
#define AGENT_OUTPUTS_OUTPUT_H

/*
 * output - writes one service's instances to one place, again and again until
 * it has worked.
 *
 * The reader says when its view has changed; the output looks at the view when
 * it is due. Files and proxies are due at once, or when `settle` has passed
 * since they were written last; what runs a program (nginx, exec) is due when
 * `settle` has passed since the first change. What is to be written is compared
 * with what was: when nothing differs, nothing happens. A failure is tried
 * again with back-off for as long as it takes. Outputs know nothing of each
 * other, so one that fails stops no other; nor does a disk that does not answer
 * stop the loop (agent/outputs/file_write.h).
 */

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/descriptor/descriptor.h"
#include "agent/outputs/view.h"
#include "agent/random.h"

struct output;

/*
 * Something a person should know, one sentence: that the output fails, that it
 * works again, that instances cannot be written there. Once for each change,
 * from the loop. The output must not be destroyed from here.
 */
typedef void output_told(struct output *o, bool trouble, const char *sentence, void *user);

/*
 * Nothing is written before the first touch. All is borrowed. NULL without
 * memory. nginx and exec need the default loop, which alone tells of children.
 */
struct output *output_create(struct ev_loop *loop, const struct output_settings *settings,
		uint32_t settle_ms, const struct output_view *view, struct random *random,
		output_told *told, void *user);

/* The view has changed: applied when due. Never calls back from here. */
void output_touch(struct output *o);

/* Ends a child, closes a socket, gives up a write; never waits, never calls back. Accepts NULL. */
void output_destroy(struct output *o);

/* Of what kind it is ("json"), and where it writes to: a file, a socket, a program. Borrowed. */
const char *output_type(const struct output *o);
const char *output_place(const struct output *o);

/* True from a failure until it has worked again. */
bool output_failing(const struct output *o);

#endif

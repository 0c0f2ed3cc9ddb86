/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ETCD_SAID_H
#define TESTS_UNIT_ETCD_SAID_H

/* etcd_said - answers of etcd for a test to play, member by member, framed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAID_MAX     4096
#define SAID_CLUSTER 5
#define SAID_TERM    2

/* Passed by value: each of the functions gives it back with a member more. */
struct said {
	size_t len;
	uint8_t at[SAID_MAX];
};

/* Nothing but a header: cluster SAID_CLUSTER at this revision, in term SAID_TERM. */
struct said said_at(int64_t revision);

/* The same of another cluster, or another term. */
struct said said_by(uint64_t cluster, int64_t revision, uint64_t term);

/* Not even that. */
struct said said_nothing(void);

/* Members by their number in etcd.proto. */
struct said said_number(struct said s, unsigned member, int64_t number);
struct said said_text(struct said s, unsigned member, const char *text);

/* A key of a page. It was created, and is, as of `revision`. */
struct said said_key(struct said s, const char *key, const char *value, int64_t revision);
struct said said_bytes_key(struct said s, const void *key, size_t len, int64_t revision);

/* An event of a watch; the lease of what is put is 7 unless it is said. */
struct said said_put(struct said s, const char *key, const char *value, int64_t revision);
struct said said_put_by(
		struct said s, const char *key, const char *value, int64_t revision, int64_t lease);
struct said said_deleted(struct said s, const char *key, int64_t revision);

#endif

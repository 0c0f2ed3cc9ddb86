/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy_servers - two tables of words, as HAProxy 2.6.12 prints them.
 *
 * The state has the format version 1 in its first line, a comment with the
 * names of its columns, and a line for each server. The connections have no
 * version; the columns that count here are the first ones:
 *
 *   backend/server ids address port - purge_delay used_cur ...
 */
#include "agent/outputs/haproxy_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

/* Columns of the state, from 0. */
enum state_column {
	STATE_NAME = 3,
	STATE_ADDRESS = 4,
	STATE_ADMIN = 6,
	STATE_WEIGHT = 7,
	STATE_PORT = 18,
	N_STATE_COLUMNS
};

enum conn_column { CONN_NAME = 0, CONN_USED = 6, N_CONN_COLUMNS };

/* Bits of the administrative state: forced, inherited, without an address. (A slot keeps the
 * bit that says it began in maintenance, 0x04, when it is at work.) */
#define ADMIN_MAINTENANCE (0x01 | 0x02 | 0x20)
#define ADMIN_DRAIN       (0x08 | 0x10)

#define WORDS_MAX 32

struct word {
	const char *at;
	size_t len;
};

/* The words of a line, at most WORDS_MAX of them. */
static size_t split(const char *line, size_t len, struct word words[WORDS_MAX])
{
	size_t n = 0, at = 0;

	while (n < WORDS_MAX) {
		while (at < len && line[at] == ' ') {
			at++;
		}
		size_t start = at;
		while (at < len && line[at] != ' ') {
			at++;
		}
		if (at == start) {
			break;
		}
		words[n++] = (struct word){ line + start, at - start };
	}
	return n;
}

static bool copy(char *out, size_t size, const struct word *word)
{
	if (word->len >= size) {
		return false;
	}
	memcpy(out, word->at, word->len);
	out[word->len] = '\0';
	return true;
}

static bool number(const struct word *word, unsigned long most, unsigned long *n)
{
	char text[12];

	if (!copy(text, sizeof text, word) || text[0] == '\0' ||
			strspn(text, "0123456789") != word->len) {
		return false;
	}
	*n = strtoul(text, NULL, 10);
	return *n <= most;
}

/* What HAProxy takes in a name. Any other sign might be an end of the command that it stands in. */
static bool is_name(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_:.-") == strlen(name);
}

static bool is_slot(const char *name)
{
	return name[0] != '\0' && strspn(name, "0123456789") == strlen(name);
}

/* False when it is not ours. */
static bool read_server(struct haproxy_server *s, const struct word *words, size_t n)
{
	const size_t prefix = strlen(HAPROXY_PREFIX);
	unsigned long admin, weight, port;

	if (n < N_STATE_COLUMNS || words[STATE_NAME].len <= prefix ||
			memcmp(words[STATE_NAME].at, HAPROXY_PREFIX, prefix) != 0) {
		return false;
	}
	struct word rest = { words[STATE_NAME].at + prefix, words[STATE_NAME].len - prefix };
	if (!copy(s->name, sizeof s->name, &rest) || !is_name(s->name) ||
			!copy(s->address, sizeof s->address, &words[STATE_ADDRESS]) ||
			!number(&words[STATE_ADMIN], UINT32_MAX, &admin) ||
			!number(&words[STATE_WEIGHT], UINT32_MAX, &weight) ||
			!number(&words[STATE_PORT], UINT16_MAX, &port)) {
		return false;
	}
	s->port = (uint16_t)port;
	s->weight = (uint32_t)weight;
	s->slot = is_slot(s->name);
	s->maintenance = (admin & ADMIN_MAINTENANCE) != 0;
	s->draining = !s->maintenance && (admin & ADMIN_DRAIN) != 0;
	s->used = true;
	return true;
}

static int append(struct haproxy_servers *servers, const struct haproxy_server *server)
{
	if (servers->n == servers->size) {
		size_t size = servers->size == 0 ? 16 : servers->size * 2;
		struct haproxy_server *grown = realloc(servers->at, size * sizeof *grown);
		if (grown == NULL) {
			return -1;
		}
		servers->at = grown;
		servers->size = size;
	}
	servers->at[servers->n++] = *server;
	servers->any_draining = servers->any_draining || server->draining;
	return 0;
}

/* The first words of what HAProxy says instead, for a sentence. */
static int refuse(const char *answer, struct err *err)
{
	int len = (int)strcspn(answer, "\r\n");

	return err_set(err, ERR_SYNTAX, "it answers '%.*s' to the question for its servers",
			len < 120 ? len : 120, answer);
}

int haproxy_servers_read(struct haproxy_servers *servers, const char *answer, struct err *err)
{
	memset(servers, 0, sizeof *servers);
	if (strncmp(answer, "1\n", 2) != 0) {
		return refuse(answer, err);
	}
	for (const char *line = answer; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		struct word words[WORDS_MAX];
		struct haproxy_server server;
		size_t n = line[0] == '#' ? 0 : split(line, len, words);
		if (read_server(&server, words, n) && append(servers, &server) < 0) {
			haproxy_servers_finish(servers);
			return err_set(err, ERR_SYSTEM, "out of memory");
		}
		line += line[len] == '\n' ? len + 1 : len;
	}
	return 0;
}

/* Both tables have the servers in the same order, so each search goes on from the last. */
static void note(struct haproxy_servers *servers, size_t *from, const char *name)
{
	for (size_t i = 0; i < servers->n; i++) {
		struct haproxy_server *s = &servers->at[(*from + i) % servers->n];
		if (strcmp(s->name, name) == 0) {
			s->used = false;
			*from = (*from + i + 1) % servers->n;
			return;
		}
	}
}

void haproxy_servers_note_calls(struct haproxy_servers *servers, const char *answer)
{
	const char *const prefix = "/" HAPROXY_PREFIX;
	size_t from = 0;

	for (const char *line = answer; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		struct word words[WORDS_MAX];
		char full[2 * HAPROXY_NAME_MAX + 256];
		unsigned long used;
		size_t n = line[0] == '#' ? 0 : split(line, len, words);
		if (n >= N_CONN_COLUMNS && copy(full, sizeof full, &words[CONN_NAME]) &&
				number(&words[CONN_USED], UINT32_MAX, &used) && used == 0) {
			const char *name = strstr(full, prefix);
			if (name != NULL) {
				note(servers, &from, name + strlen(prefix));
			}
		}
		line += line[len] == '\n' ? len + 1 : len;
	}
}

void haproxy_servers_finish(struct haproxy_servers *servers)
{
	free(servers->at);
	memset(servers, 0, sizeof *servers);
}

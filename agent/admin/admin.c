/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin - HTTP, on the loop; the only file that knows libmicrohttpd.
 *
 * The library has neither thread nor listening socket here. We accept, and hand
 * it the connection; it waits for its connections in an epoll of its own, whose
 * descriptor the loop watches, and MHD_run() does what there is to do. So who
 * comes in, how many, and until when is decided here, by the table of guests:
 * the library would count a slow peer's every byte as a new beginning.
 *
 * Each answer closes its connection. A client that kept one open between its
 * questions would hold one of few places for nothing.
 *
 * settle() follows on whatever happened, and is the only one that opens the
 * doors, closes them, and sets the timer.
 */
#include "agent/admin/admin.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/admin/admin_doors.h"
#include "agent/admin/admin_guests.h"
#include "agent/admin/microhttpd_library.h"
#include "agent/clock.h"
#include "agent/log.h"
#include "agent/timer.h"
#include "agent/util.h"

#define PAUSE 1.0 /* seconds; after there was no descriptor for one who came */

#define MEMORY_MAX ((size_t)32 * 1024) /* of a connection: its request's head fits in there */
#define BODY_MAX   4096ULL             /* bytes that are read, and thrown away */

struct admin {
	struct ev_loop *loop;    /* borrowed */
	struct admin_host *host; /* borrowed */
	struct admin_doors doors;
	ev_io waiting[H2_ADDRESSES]; /* somebody is at that door */
	struct MHD_Daemon *http;     /* owned */
	ev_io work;                  /* the library's epoll */
	ev_timer again;
	struct guests guests;
	double open_again; /* clock_now() time; doors are closed until then */
};

/* ---- a request --------------------------------------------------------------------- */

/* The values of `service` in the query, and what else there is. */
struct query {
	const char **names; /* owned; NULL while they are counted */
	size_t n;
	const char *unknown; /* borrowed */
};

/* A text with a NUL inside is none that we know, however it begins. */
static enum MHD_Result on_argument(void *user, enum MHD_ValueKind kind, const char *key,
		size_t key_size, const char *value, size_t size)
{
	struct query *q = user;

	UNUSED(kind);
	if (strcmp(key, "service") != 0 || strlen(key) != key_size ||
			(value != NULL && strlen(value) != size)) {
		q->unknown = key;
		return MHD_YES;
	}
	if (q->names != NULL) {
		q->names[q->n] = value == NULL ? "" : value;
	}
	q->n++;
	return MHD_YES;
}

/* False without memory. */
static bool read_query(struct query *q, struct MHD_Connection *c)
{
	*q = (struct query){ 0 };
	(void)MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, on_argument, q);
	q->names = calloc(q->n + 1, sizeof *q->names);
	q->n = 0;
	if (q->names != NULL) {
		(void)MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, on_argument, q);
	}
	return q->names != NULL;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* Its body has more bytes than these, or nobody knows how many. */
static bool has_body_above(struct MHD_Connection *c, unsigned long long bytes)
{
	const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
	       (length != NULL && strtoull(length, NULL, 10) > bytes);
}

static struct guest *guest_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

/* Takes the body over. MHD_NO ends the connection. */
static enum MHD_Result send_answer(struct MHD_Connection *c, struct admin_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
			answer->len, answer->body, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		return MHD_NO;
	}
	answer->body = NULL;
	const char *const headers[][2] = {
		{ MHD_HTTP_HEADER_CONTENT_TYPE, answer->type },
		{ MHD_HTTP_HEADER_ALLOW, answer->allow },
		{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ MHD_HTTP_HEADER_CONNECTION, "close" },
	};
	enum MHD_Result result = MHD_YES;
	for (size_t i = 0; i < ARRAY_LEN(headers) && result == MHD_YES; i++) {
		if (headers[i][1] != NULL) {
			result = MHD_add_response_header(response, headers[i][0], headers[i][1]);
		}
	}
	if (result == MHD_YES) {
		result = MHD_queue_response(c, answer->status, response);
	}
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_request(struct admin *a, struct MHD_Connection *c, const char *path,
		const char *method, bool large_body)
{
	struct guest *guest = guest_of(c);
	struct admin_answer answer;
	struct query query;

	if (guest == NULL || !read_query(&query, c)) {
		return MHD_NO;
	}
	const struct admin_request request = {
		.method = method,
		.path = path,
		.host = header(c, MHD_HTTP_HEADER_HOST),
		.has_origin = header(c, MHD_HTTP_HEADER_ORIGIN) != NULL ||
			      header(c, "Sec-Fetch-Site") != NULL,
		.local = guest->local,
		.has_body = has_body_above(c, 0),
		.large_body = large_body,
		.names = query.names,
		.n_names = query.n,
		.unknown = query.unknown,
	};
	admin_answer_make(&answer, &request, a->host);
	free(query.names);
	guest->answered = true;
	enum MHD_Result result = send_answer(c, &answer);
	admin_answer_finish(&answer);
	return result;
}

/* Called when the head is there, for each piece of the body, and when all is there. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *path,
		const char *method, const char *version, const char *piece, size_t *size,
		void **begun)
{
	UNUSED(version);
	UNUSED(piece);
	if (*begun == NULL) {
		*begun = user;
		return has_body_above(c, BODY_MAX) ? answer_request(user, c, path, method, true)
						   : MHD_YES;
	}
	if (*size > 0) {
		*size = 0;
		return MHD_YES;
	}
	return answer_request(user, c, path, method, false);
}

/* ---- guests ------------------------------------------------------------------------ */

/* The library has begun with a connection, or ended it and is about to close it. */
static void on_connection(void *user, struct MHD_Connection *c, void **context,
		enum MHD_ConnectionNotificationCode what)
{
	struct admin *a = user;
	const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guest *g = info == NULL ? NULL : guests_find(&a->guests, info->connect_fd);

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = g;
	} else if (g != NULL) {
		g->fd = -1;
	}
}

/* The library finds their connections ended and closes them. */
static void end_overdue(struct admin *a)
{
	double now = clock_now();

	for (struct guest *g; (g = guests_overdue(&a->guests, now)) != NULL;) {
		(void)shutdown(g->fd, SHUT_RDWR);
	}
}

/*
 * What came last before a peer has closed hides from the library that it has:
 * it reads until there is less than it has room for (seen with 0.9.75).
 */
static void end_gone(struct admin *a)
{
	char byte;

	for (size_t i = 0; i < ARRAY_LEN(a->guests.at); i++) {
		struct guest *g = &a->guests.at[i];
		if (g->fd >= 0 && !g->answered &&
				recv(g->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
			(void)shutdown(g->fd, SHUT_RDWR);
		}
	}
}

/* ---- the doors --------------------------------------------------------------------- */

static void let_in(struct admin *a, struct guest *g, const struct h2_address *peer)
{
	if (MHD_add_connection(a->http, g->fd, &peer->at.any, peer->len) != MHD_YES) {
		g->fd = -1; /* it has closed it */
	}
}

/* All who wait, as far as there are places. */
static void open_door(struct admin *a, int door)
{
	struct h2_address peer;
	struct guest *g;
	bool local;

	a->guests.crowded = guests_find(&a->guests, -1) == NULL;
	while ((g = guests_find(&a->guests, -1)) != NULL) {
		int fd = admin_doors_accept(door, &peer, &local);
		if (fd < 0) {
			bool nobody = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
			a->open_again = nobody ? a->open_again : clock_now() + PAUSE;
			return;
		}
		*g = (struct guest){ .fd = fd, .local = local, .since = clock_now() };
		let_in(a, g, &peer);
	}
}

/* ---- the loop ---------------------------------------------------------------------- */

static void set_doors(struct admin *a, bool open)
{
	for (size_t i = 0; i < a->doors.n; i++) {
		if (open) {
			ev_io_start(a->loop, &a->waiting[i]);
		} else {
			ev_io_stop(a->loop, &a->waiting[i]);
		}
	}
}

/* Seconds until there is something to do without anything happening; below 0: never. */
static double next_look(const struct admin *a, double now)
{
	double next = guests_left(&a->guests, now);
	MHD_UNSIGNED_LONG_LONG ms;

	if (a->open_again > now) {
		next = guests_earlier(next, a->open_again - now);
	}
	return MHD_get_timeout(a->http, &ms) == MHD_YES ? guests_earlier(next, (double)ms / 1000.0)
							: next;
}

static void settle(struct admin *a)
{
	double now = clock_now();
	bool room = guests_find(&a->guests, -1) != NULL;

	a->guests.crowded = a->guests.crowded && !room;
	set_doors(a, !a->guests.crowded && now >= a->open_again);
	double next = next_look(a, now);
	if (next >= 0.0) {
		timer_start(a->loop, &a->again, next);
	} else {
		ev_timer_stop(a->loop, &a->again);
	}
}

/* Twice: what ends for want of room in its memory is closed by the next call (0.9.75). */
static void run(struct admin *a)
{
	(void)MHD_run(a->http);
	(void)MHD_run(a->http);
	end_gone(a);
	settle(a);
}

static void on_waiting(struct ev_loop *loop, ev_io *waiting, int revents)
{
	struct admin *a = waiting->data;

	UNUSED(loop);
	UNUSED(revents);
	open_door(a, waiting->fd);
	settle(a);
}

static void on_work(struct ev_loop *loop, ev_io *work, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	run(CONTAINER_OF(work, struct admin, work));
}

static void on_again(struct ev_loop *loop, ev_timer *again, int revents)
{
	struct admin *a = CONTAINER_OF(again, struct admin, again);

	UNUSED(loop);
	UNUSED(revents);
	end_overdue(a);
	run(a);
}

/* ---- the way in, and out ------------------------------------------------------------- */

/* What it says is about one connection and what came over it. */
static void on_message(void *user, const char *fmt, va_list args)
{
	UNUSED(user);
	if (log_enabled(LOG_DEBUG)) {
		char text[256];
		(void)vsnprintf(text, sizeof text, fmt, args);
		text[strcspn(text, "\n")] = '\0';
		log_write(LOG_DEBUG, LOG_FIELDS(LOG_SAY(text)), "admin");
	}
}

/* What holds a NUL stays as it is: else it ended there, and /drain%00x were /drain. */
static size_t unescape(void *user, struct MHD_Connection *c, char *text)
{
	UNUSED(user);
	UNUSED(c);
	return strstr(text, "%00") != NULL ? strlen(text) : MHD_http_unescape(text);
}

static struct MHD_Daemon *start_http(struct admin *a)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
			NULL, NULL, on_request, a, MHD_OPTION_EXTERNAL_LOGGER, on_message, a,
			MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_NOTIFY_CONNECTION,
			on_connection, a, MHD_OPTION_CONNECTION_LIMIT, (unsigned)ADMIN_CONNECTIONS,
			MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_END);
}

static int watch_http(struct admin *a)
{
	const union MHD_DaemonInfo *info =
			a->http == NULL ? NULL
					: MHD_get_daemon_info(a->http, MHD_DAEMON_INFO_EPOLL_FD);

	if (info == NULL) {
		return -1;
	}
	ev_io_init(&a->work, on_work, info->epoll_fd, EV_READ);
	ev_io_start(a->loop, &a->work);
	return 0;
}

struct admin *admin_create(struct ev_loop *loop, const struct target *listen,
		struct admin_host *host, struct err *err)
{
	struct admin *a = calloc(1, sizeof *a);

	if (a == NULL) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (microhttpd_library_load(err) < 0) {
		free(a);
		return NULL;
	}
	a->loop = loop;
	a->host = host;
	guests_init(&a->guests);
	ev_timer_init(&a->again, on_again, 0.0, 0.0);
	if (admin_doors_open(&a->doors, listen, err) < 0) {
		admin_destroy(a);
		return NULL;
	}
	for (size_t i = 0; i < a->doors.n; i++) {
		ev_io_init(&a->waiting[i], on_waiting, a->doors.fd[i], EV_READ);
		a->waiting[i].data = a;
	}
	a->http = start_http(a);
	if (watch_http(a) < 0) {
		(void)err_set(err, ERR_SYSTEM, "the admin's HTTP cannot be started");
		admin_destroy(a);
		return NULL;
	}
	settle(a);
	return a;
}

void admin_set_patience(struct admin *a, double patience, double patience_crowded)
{
	a->guests.patience = patience;
	a->guests.patience_crowded = patience_crowded;
}

void admin_destroy(struct admin *a)
{
	if (a == NULL) {
		return;
	}
	set_doors(a, false);
	ev_timer_stop(a->loop, &a->again);
	ev_io_stop(a->loop, &a->work);
	if (a->http != NULL) {
		MHD_stop_daemon(a->http);
	}
	admin_doors_close(&a->doors);
	free(a);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_loop.h"

#include <stdlib.h>

#include "agent/net/curl_library.h"
#include "agent/timer.h"
#include "agent/util.h"

/* A socket that libcurl wants watched; on the heap, found again through curl_multi_assign. */
struct curl_watch {
	ev_io io;
	struct curl_loop *owner;
	struct list link;
};

static void forget_watch(struct curl_loop *l, struct curl_watch *w)
{
	ev_io_stop(l->loop, &w->io);
	list_remove(&w->link);
	free(w);
}

static void drop_multi(struct curl_loop *l)
{
	/* Cleaning up closes sockets and would tell us about each. */
	(void)curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, NULL);
	(void)curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, NULL);
	(void)curl_multi_cleanup(l->multi);
	l->multi = NULL;
	ev_timer_stop(l->loop, &l->timer);
	for (struct list *link = l->watches, *next; link != NULL; link = next) {
		next = link->next;
		forget_watch(l, CONTAINER_OF(link, struct curl_watch, link));
	}
}

/*
 * After an error of the multi interface every transfer is undefined: the next one begins anew.
 * Mostly it is want of memory, so that there may be none for another handle either.
 */
static void give_up(struct curl_loop *l, CURLMcode code)
{
	l->events->on_failure(l, curl_multi_strerror(code));
	drop_multi(l);
}

static void act(struct curl_loop *l, curl_socket_t fd, int events)
{
	int running;
	CURLMcode code = curl_multi_socket_action(l->multi, fd, events, &running);
	CURLMsg *message;
	int left;

	if (code != CURLM_OK) {
		give_up(l, code);
	}
	while (l->multi != NULL && (message = curl_multi_info_read(l->multi, &left)) != NULL) {
		/* Copied first: the message dies with the next call to libcurl. */
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		l->events->on_result(l, easy, (int)result);
	}
	l->events->on_settled(l);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct curl_watch *w = CONTAINER_OF(io, struct curl_watch, io);

	UNUSED(loop);
	act(w->owner, io->fd,
			((revents & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
					((revents & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	act(CONTAINER_OF(timer, struct curl_loop, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *multi, long timeout_ms, void *user)
{
	struct curl_loop *l = user;

	UNUSED(multi);
	ev_timer_stop(l->loop, &l->timer);
	if (timeout_ms >=
			0) { /* a timer for 0 too: libcurl must not be called from within itself */
		timer_start(l->loop, &l->timer, (double)timeout_ms / 1000.0);
	}
	return 0;
}

static struct curl_watch *add_watch(struct curl_loop *l, curl_socket_t fd)
{
	struct curl_watch *w = calloc(1, sizeof *w);

	if (w == NULL || curl_multi_assign(l->multi, fd, w) != CURLM_OK) {
		free(w);
		return NULL;
	}
	w->owner = l;
	list_add(&l->watches, &w->link);
	return w;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *assigned)
{
	struct curl_loop *l = user;
	struct curl_watch *w = assigned;

	UNUSED(easy);
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			forget_watch(l, w);
		}
		return 0;
	}
	if (w == NULL) {
		w = add_watch(l, fd);
	}
	if (w == NULL) {
		return -1;
	}
	ev_io_stop(l->loop, &w->io);
	ev_io_init(&w->io, on_io, fd,
			((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
					((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
	ev_io_start(l->loop, &w->io);
	return 0;
}

bool curl_loop_is_ready(struct curl_loop *l)
{
	CURLMcode bad = CURLM_OK;

	if (l->multi != NULL) {
		return true;
	}
	l->multi = curl_multi_init();
	if (l->multi == NULL) {
		return false;
	}
	bad |= curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	bad |= curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	bad |= curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	bad |= curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	bad |= curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, 1L); /* kept open */
	if (bad != CURLM_OK) {
		drop_multi(l);
	}
	return l->multi != NULL;
}

int curl_loop_init(struct curl_loop *l, struct ev_loop *loop, const struct curl_loop_events *events,
		struct err *err)
{
	if (curl_library_load(err) < 0) {
		return -1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		return err_set(err, ERR_SYSTEM, "libcurl cannot be initialized");
	}
	*l = (struct curl_loop){ .loop = loop, .events = events };
	ev_timer_init(&l->timer, on_timer, 0.0, 0.0);
	if (!curl_loop_is_ready(l)) {
		curl_loop_finish(l);
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	return 0;
}

void curl_loop_finish(struct curl_loop *l)
{
	if (l->multi != NULL) {
		drop_multi(l);
	}
	curl_global_cleanup();
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_CURL_LIBRARY_H
#define AGENT_NET_CURL_LIBRARY_H

/* curl_library - what its doors call of libcurl (see agent/library.h). Private to them. */

#include <curl/curl.h>

#include "agent/err.h"
#include "agent/library.h"

/* As library_load() does. Nothing else here may be called before. */
int curl_library_load(struct err *err);

#ifndef SVC_STATIC

/* clang-format off */
#define CURL_LIBRARY(EACH) \
	EACH(curl_easy_cleanup) \
	EACH(curl_easy_getinfo) \
	EACH(curl_easy_init) \
	EACH(curl_easy_setopt) \
	EACH(curl_easy_strerror) \
	EACH(curl_global_cleanup) \
	EACH(curl_global_init) \
	EACH(curl_multi_add_handle) \
	EACH(curl_multi_assign) \
	EACH(curl_multi_cleanup) \
	EACH(curl_multi_info_read) \
	EACH(curl_multi_init) \
	EACH(curl_multi_remove_handle) \
	EACH(curl_multi_setopt) \
	EACH(curl_multi_socket_action) \
	EACH(curl_multi_strerror) \
	EACH(curl_slist_append) \
	EACH(curl_slist_free_all)

/* Its own macros of these names look at the types of values. With SVC_STATIC they still do. */
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

struct curl_library {
	CURL_LIBRARY(LIBRARY_POINTER)
};
extern struct curl_library curl_library;

#define curl_easy_cleanup        curl_library.curl_easy_cleanup
#define curl_easy_getinfo        curl_library.curl_easy_getinfo
#define curl_easy_init           curl_library.curl_easy_init
#define curl_easy_setopt         curl_library.curl_easy_setopt
#define curl_easy_strerror       curl_library.curl_easy_strerror
#define curl_global_cleanup      curl_library.curl_global_cleanup
#define curl_global_init         curl_library.curl_global_init
#define curl_multi_add_handle    curl_library.curl_multi_add_handle
#define curl_multi_assign        curl_library.curl_multi_assign
#define curl_multi_cleanup       curl_library.curl_multi_cleanup
#define curl_multi_info_read     curl_library.curl_multi_info_read
#define curl_multi_init          curl_library.curl_multi_init
#define curl_multi_remove_handle curl_library.curl_multi_remove_handle
#define curl_multi_setopt        curl_library.curl_multi_setopt
#define curl_multi_socket_action curl_library.curl_multi_socket_action
#define curl_multi_strerror      curl_library.curl_multi_strerror
#define curl_slist_append        curl_library.curl_slist_append
#define curl_slist_free_all      curl_library.curl_slist_free_all
/* clang-format on */

#endif

#endif

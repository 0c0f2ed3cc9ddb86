/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_MICROHTTPD_LIBRARY_H
#define AGENT_ADMIN_MICROHTTPD_LIBRARY_H

/* microhttpd_library - what admin.c calls of libmicrohttpd (see agent/library.h). Private to it. */

#include <microhttpd.h>

#include "agent/err.h"
#include "agent/library.h"

/* As library_load() does. Nothing else here may be called before. */
int microhttpd_library_load(struct err *err);

#ifndef SVC_STATIC

/* clang-format off */
#define MICROHTTPD_LIBRARY(EACH) \
	EACH(MHD_add_connection) \
	EACH(MHD_add_response_header) \
	EACH(MHD_create_response_from_buffer) \
	EACH(MHD_destroy_response) \
	EACH(MHD_get_connection_info) \
	EACH(MHD_get_connection_values_n) \
	EACH(MHD_get_daemon_info) \
	EACH(MHD_get_timeout) \
	EACH(MHD_http_unescape) \
	EACH(MHD_lookup_connection_value) \
	EACH(MHD_queue_response) \
	EACH(MHD_run) \
	EACH(MHD_start_daemon) \
	EACH(MHD_stop_daemon)

struct microhttpd_library {
	MICROHTTPD_LIBRARY(LIBRARY_POINTER)
};
extern struct microhttpd_library microhttpd_library;

#define MHD_add_connection              microhttpd_library.MHD_add_connection
#define MHD_add_response_header         microhttpd_library.MHD_add_response_header
#define MHD_create_response_from_buffer microhttpd_library.MHD_create_response_from_buffer
#define MHD_destroy_response            microhttpd_library.MHD_destroy_response
#define MHD_get_connection_info         microhttpd_library.MHD_get_connection_info
#define MHD_get_connection_values_n     microhttpd_library.MHD_get_connection_values_n
#define MHD_get_daemon_info             microhttpd_library.MHD_get_daemon_info
#define MHD_get_timeout                 microhttpd_library.MHD_get_timeout
#define MHD_http_unescape               microhttpd_library.MHD_http_unescape
#define MHD_lookup_connection_value     microhttpd_library.MHD_lookup_connection_value
#define MHD_queue_response              microhttpd_library.MHD_queue_response
#define MHD_run                         microhttpd_library.MHD_run
#define MHD_start_daemon                microhttpd_library.MHD_start_daemon
#define MHD_stop_daemon                 microhttpd_library.MHD_stop_daemon
/* clang-format on */

#endif

#endif

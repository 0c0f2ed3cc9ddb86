/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SECCOMP_LIBRARY_H
#define AGENT_SECCOMP_LIBRARY_H

/*
 * seccomp_library - what seccomp_filter.c calls of libseccomp (see agent/library.h). Private to
 * it. There only with SVC_SECCOMP.
 */

#include <seccomp.h>

#include "agent/err.h"
#include "agent/library.h"

/* As library_load() does. Nothing else here may be called before. */
int seccomp_library_load(struct err *err);

/* As library_unload() does: a filter needs it no longer once it is in force. */
void seccomp_library_unload(void);

/* clang-format off */
#define SECCOMP_LIBRARY(EACH) \
	EACH(seccomp_arch_add) \
	EACH(seccomp_attr_set) \
	EACH(seccomp_init) \
	EACH(seccomp_load) \
	EACH(seccomp_release) \
	EACH(seccomp_rule_add_array) \
	EACH(seccomp_syscall_resolve_name)

struct seccomp_library {
	SECCOMP_LIBRARY(LIBRARY_POINTER)
};
extern struct seccomp_library seccomp_library;

#define seccomp_arch_add             seccomp_library.seccomp_arch_add
#define seccomp_attr_set             seccomp_library.seccomp_attr_set
#define seccomp_init                 seccomp_library.seccomp_init
#define seccomp_load                 seccomp_library.seccomp_load
#define seccomp_release              seccomp_library.seccomp_release
#define seccomp_rule_add_array       seccomp_library.seccomp_rule_add_array
#define seccomp_syscall_resolve_name seccomp_library.seccomp_syscall_resolve_name
/* clang-format on */

#endif

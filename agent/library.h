/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LIBRARY_H
#define AGENT_LIBRARY_H

/*
 * library - a library that not every agent needs: loaded when something is set
 * up that does, so that no other has to find, map and initialize it.
 *
 * Its door has a private header, NAME_library.h, with two lists. From the one,
 * which names each function that we call, come a struct of pointers to them and
 * the names to look up. By the other each name stands for its pointer, so that a
 * call reads as ever and the compiler checks it against the library's own
 * header. The linker finds a name that is in neither.
 *
 *	#define FOO_LIBRARY(EACH) EACH(foo_open) EACH(foo_close)
 *	struct foo_library { FOO_LIBRARY(LIBRARY_POINTER) };
 *	extern struct foo_library foo_library;
 *	#define foo_open foo_library.foo_open
 *	#define foo_close foo_library.foo_close
 *
 * With SVC_STATIC there is nothing to load: the names are the library's own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names and initializers have none */
#define LIBRARY_POINTER(name) __typeof__(name) *name;
#define LIBRARY_NAME(name)    #name,
/* NOLINTEND(bugprone-macro-parentheses) */

struct library {
	const char *what;         /* needs it: "TLS" */
	const char *file;         /* its SONAME */
	const char *const *names; /* of its functions */
	size_t n;
	void *pointers; /* to them, in the order of the names: n pointers to functions */
	bool loaded;
	void *handle; /* then: owned */
};

/*
 * 0 once it is there: from then on it costs nothing to ask. -1 with *err filled: "TLS needs
 * libssl.so.3, which cannot be loaded: ..."; it may be tried again. Takes milliseconds and reads
 * the disk, so it is for setting up, and from the thread of the loop.
 */
int library_load(struct library *library, struct err *err);

/* For one that is needed for a moment only: gives back what library_load() took, if it did. */
void library_unload(struct library *library);

/*
 * The program's file names what it may load, in a note that tools for packages
 * and images read (systemd's ".note.dlopen").
 */
#define LIBRARY_NOTE_OWNER "FDO"
#define LIBRARY_NOTE_TYPE  0x407c0c0au
#define LIBRARY_NOTE(variable, feature, file)                                                      \
	LIBRARY_NOTE_OF(variable, "[{\"feature\":\"" feature                                       \
				  "\",\"priority\":\"recommended\",\"soname\":[\"" file "\"]}]")
/* NOLINTBEGIN(bugprone-macro-parentheses): names and initializers have none */
#define LIBRARY_NOTE_OF(variable, json)                                                            \
	__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct {           \
		uint32_t owner_size, size, type;                                                   \
		char owner[sizeof LIBRARY_NOTE_OWNER];                                             \
		__attribute__((aligned(4))) char text[sizeof json];                                \
	} variable = { sizeof LIBRARY_NOTE_OWNER, sizeof json, LIBRARY_NOTE_TYPE,                  \
		LIBRARY_NOTE_OWNER, json }
/* NOLINTEND(bugprone-macro-parentheses) */

#endif

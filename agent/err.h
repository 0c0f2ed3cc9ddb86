/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ERR_H
#define AGENT_ERR_H

/*
 * err - one setup failure (descriptor, arguments, sockets), ready to print.
 *
 * Runtime outcomes (a probe, a call to etcd) are not errors: they are closed
 * enums whose every value the caller handles.
 */

#if defined(__GNUC__)
#define ERR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define ERR_PRINTF(fmt, args)
#endif

enum err_code {
	ERR_NONE,
	ERR_SYNTAX,  /* not the shape we expect */
	ERR_UNKNOWN, /* a key or word that the schema does not have */
	ERR_MISSING, /* something required is not there */
	ERR_RANGE,   /* a value outside its limits */
	ERR_SYSTEM,  /* errno has been folded into the text */
};

/*
 * It lives on the caller's stack and owns no memory, so running out of memory
 * can be reported like anything else. A long text is cut, never overrun.
 */
struct err {
	enum err_code code;
	char text[240]; /* one sentence: no newline, no final dot */
};

/* Fills *err and returns -1, so that a failure is one line: return err_set(...). */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) ERR_PRINTF(3, 4);

#endif

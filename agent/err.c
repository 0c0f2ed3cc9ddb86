/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list args;

	err->code = code;
	va_start(args, fmt);
	(void)vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FORMAT_H
#define AGENT_FORMAT_H

/* format - how keys and values under which services are listed look. */

enum format {
	FORMAT_SERVICES,
	FORMAT_GRPC_NAMING,
	FORMAT_SKYDNS,
	FORMAT_GO_ZERO,
	FORMAT_KRATOS,
	FORMAT_KITEX,
	N_FORMATS
};

/* Its word in a descriptor: "services", "grpc-naming", ... */
const char *format_name(enum format f);

#endif

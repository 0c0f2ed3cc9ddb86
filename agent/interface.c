/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_ipv4(const struct ifaddrs *i, char *out, size_t size)
{
	const struct sockaddr_in *in = (const void *)i->ifa_addr;
	bool link_local = ntohl(in->sin_addr.s_addr) >> 16 == 0xa9fe; /* 169.254.0.0/16 */
	return !link_local && inet_ntop(AF_INET, &in->sin_addr, out, (socklen_t)size) != NULL;
}

static bool is_ipv6(const struct ifaddrs *i, char *out, size_t size)
{
	const struct sockaddr_in6 *in = (const void *)i->ifa_addr;
	return !IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr) &&
	       inet_ntop(AF_INET6, &in->sin6_addr, out, (socklen_t)size) != NULL;
}

/* Writes the first address of the family that others can use. */
static bool find(const struct ifaddrs *list, const char *name, int family, char *out, size_t size)
{
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family ||
				strcmp(i->ifa_name, name) != 0) {
			continue;
		}
		if (family == AF_INET ? is_ipv4(i, out, size) : is_ipv6(i, out, size)) {
			return true;
		}
	}
	return false;
}

/* Says which interfaces there are; each has several entries in the list, we want it once. */
static int refuse(const struct ifaddrs *list, const char *name, struct err *err)
{
	char names[160] = "";
	size_t len = 0;
	for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		if (strcmp(i->ifa_name, name) == 0) {
			return err_set(err, ERR_MISSING,
					"the interface '%.32s' has no address that others can use",
					name);
		}
		const struct ifaddrs *first = list;
		while (strcmp(first->ifa_name, i->ifa_name) != 0) {
			first = first->ifa_next;
		}
		if (first == i && len + strlen(i->ifa_name) + 3 < sizeof(names)) {
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
					len == 0 ? "" : ", ", i->ifa_name);
		}
	}
	return err_set(err, ERR_UNKNOWN, "there is no interface '%.32s' (there are: %s)", name,
			names);
}

int interface_address(const char *name, char *out, size_t size, struct err *err)
{
	struct ifaddrs *list;
	if (getifaddrs(&list) < 0) {
		return err_set(err, ERR_SYSTEM, "cannot list the interfaces: %s", strerror(errno));
	}
	bool found = find(list, name, AF_INET, out, size) || find(list, name, AF_INET6, out, size);
	int result = found ? 0 : refuse(list, name, err);
	freeifaddrs(list);
	return result;
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What `up` and `down` share: the parts of the system, and which of them run. A part that runs has
# a file NAME.pid in the folder: its process id and when that process began, so that a number which
# the kernel has given to another process since is never taken for ours.

dir=${PROMOTION_DIR:-${XDG_RUNTIME_DIR:-/tmp}/svc-agent-promotion}

services=(coupon-service point-service timesale-service)

# Each kind, in the order in which it is ended.
kinds=(gateway sidecars services etcd)

names_of() {
	case $1 in
	etcd) echo etcd ;;
	services) printf '%s\n' "${services[@]}" ;;
	sidecars) printf '%s-sidecar\n' gateway "${services[@]}" ;;
	gateway) echo gateway ;;
	esac
}

complain() {
	echo "${0##*/}: $*" >&2
}

# When the process began, in the kernel's ticks; nothing when there is none. A process that has
# ended but that nobody has waited for is none.
began() {
	local stat fields
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	read -ra fields <<<"${stat##*) }" # its name, in brackets before, may hold anything
	[ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

# The process id of a part that runs; fails when it does not.
pid_of() {
	local pid start
	read -r pid start 2>/dev/null <"$dir/$1.pid" || return 1
	[ -n "$start" ] && [ "$(began "$pid")" = "$start" ] && echo "$pid"
}

# The folder may be in /tmp: it must be ours, and no link of somebody else's.
own_folder() {
	mkdir -p "$dir"
	if [ -L "$dir" ] || [ ! -O "$dir" ]; then
		complain "$dir belongs to somebody else; name another folder in PROMOTION_DIR"
		exit 1
	fi
	chmod 700 "$dir"
}

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sidecar.sh ETCD NAME HOST PORT PROBE_ADDR; PROBE_BIN names the probe, by default the one beside the other peers.
etcd=$1 name=$2 host=$3 port=$4 addr=$5
: "${PROBE_BIN:=$SVC_PEERS/bench-probe}" "${TTL:=10}" "${INTERVAL:=1}" "${FAILURES:=2}"
key="/services/$name/$host:$port"
val="{\"host\":\"$host\",\"port\":$port,\"protocol\":\"grpc\"}"
export ETCDCTL_API=3
ctl() { etcdctl --endpoints="$etcd" "$@"; }
lease='' ka='' fails=0

register() {
	lease=$(ctl lease grant "$TTL" | cut -d' ' -f2)
	[ -n "$lease" ] || return 1
	ctl put --lease="$lease" "$key" "$val" >/dev/null || { lease=; return 1; }
	etcdctl --endpoints="$etcd" lease keep-alive "$lease" >/dev/null 2>&1 &
	ka=$!
}
deregister() {
	[ -n "$lease" ] || return 0
	kill "$ka" 2>/dev/null
	ctl lease revoke "$lease" >/dev/null
	lease='' ka=''
}
trap 'deregister; exit 0' TERM INT

while :; do
	if "$PROBE_BIN" -addr="$addr" -connect-timeout=1s -rpc-timeout=1s >/dev/null 2>&1; then
		fails=0
		# the keep-alive ends when the lease is lost: register again
		if [ -n "$lease" ] && ! kill -0 "$ka" 2>/dev/null; then lease=; fi
		[ -n "$lease" ] || register
	else
		fails=$((fails + 1))
		[ "$fails" -lt "$FAILURES" ] || deregister
	fi
	sleep "$INTERVAL" &
	wait $!
done

// SPDX-License-Identifier: Apache-2.0
'use strict';
// npm etcd3 for the lease and the key, @grpc/grpc-js for the probe.
const path = require('path');
const { parseArgs } = require('util');
const { Etcd3 } = require('etcd3');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const s = (d) => ({ type: 'string', default: String(d) });
const { values: a } = parseArgs({ options: {
  etcd: s('127.0.0.1:2379'), name: s(''), host: s('localhost'), port: s(50051), probe: s(''),
  ttl: s(10), interval: s(1000), timeout: s(1000), failures: s(2) } });

const { grpc: { health: { v1 } } } = grpc.loadPackageDefinition(
  loader.loadSync(path.join(__dirname, 'health.proto'), { enums: String, defaults: true }));
const health = new v1.Health(a.probe || `${a.host}:${a.port}`, grpc.credentials.createInsecure(),
  { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1000 });
const etcd = new Etcd3({ hosts: `http://${a.etcd}` });
const key = `/services/${a.name}/${a.host}:${a.port}`;
const value = JSON.stringify({ host: a.host, port: Number(a.port), protocol: 'grpc' });

let lease = null, fails = 0, busy = Promise.resolve();

const probe = () => new Promise((res) => health.check({ service: '' }, { deadline: Date.now() + Number(a.timeout) },
  (err, r) => res(!err && r.status === 'SERVING')));

async function register() {
  const l = etcd.lease(Number(a.ttl)); // keeps itself alive
  l.on('lost', () => { if (lease === l) lease = null; });
  lease = l;
  try { await l.put(key).value(value); } catch (e) { lease = null; l.release(); console.error('register:', e.message); }
}
async function deregister() {
  const l = lease;
  lease = null;
  if (l) await l.revoke().catch((e) => console.error('revoke:', e.message));
}
async function once() {
  if (await probe()) {
    fails = 0;
    if (!lease) await register();
  } else if (++fails >= Number(a.failures)) await deregister();
}
const tick = () => { busy = busy.then(once); };
tick();
const timer = setInterval(tick, Number(a.interval));
for (const sig of ['SIGTERM', 'SIGINT']) process.on(sig, async () => {
  clearInterval(timer);
  await busy;
  await deregister();
  etcd.close();
  process.exit(0);
});

// SPDX-License-Identifier: Apache-2.0
'use strict';

// npm's etcd3: a line for each event when its callback is called, with a stamp of CLOCK_MONOTONIC
// in ns, taken first thing, and the revision. usage: watch.js ENDPOINT PREFIX

const { Etcd3 } = require('etcd3');

const [endpoint, prefix] = process.argv.slice(2);

function tell(kv) {
  const now = process.hrtime.bigint();
  process.stdout.write(`${now} ${kv.mod_revision}\n`);
}

async function main() {
  const client = new Etcd3({ hosts: `http://${endpoint}` });
  const watcher = await client.watch().prefix(prefix).create();
  watcher.on('put', tell);
  watcher.on('delete', tell);
  process.stdout.write('ready\n');
}

main();

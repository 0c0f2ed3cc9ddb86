// SPDX-License-Identifier: Apache-2.0

// Reads what is registered the way a gateway on npm's etcd3 does, and prints it
// as one JSON object: key -> parsed value.
"use strict";

const { Etcd3 } = require("etcd3");

async function main(endpoint, prefix) {
  const client = new Etcd3({ hosts: endpoint });
  const found = await client.getAll().prefix(prefix).strings();
  const parsed = Object.entries(found).map(([key, value]) => [key, JSON.parse(value)]);
  console.log(JSON.stringify(Object.fromEntries(parsed)));
  client.close();
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error);
  process.exit(1);
});

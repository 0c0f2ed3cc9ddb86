// SPDX-License-Identifier: Apache-2.0

// A gRPC server on grpc-js with grpc-health-check. Control is by lines, the
// same for all our servers: see servers.py.
"use strict";

const readline = require("readline");
const { parseArgs } = require("util");
const grpc = require("@grpc/grpc-js");
const { HealthImplementation } = require("grpc-health-check");

const { values: options } = parseArgs({
  options: {
    listen: { type: "string" },
    health: { type: "string", default: "full" },
    "max-age": { type: "string", default: "0" },
    "max-streams": { type: "string", default: "0" },
    status: { type: "string", multiple: true, default: ["=SERVING"] },
  },
});

function serverOptions() {
  const maxAge = Number(options["max-age"]);
  return maxAge === 0
    ? {}
    : { "grpc.max_connection_age_ms": maxAge, "grpc.max_connection_age_grace_ms": 500 };
}

const health = new HealthImplementation(
  Object.fromEntries(options.status.map((pair) => pair.split("=")))
);
const server = new grpc.Server(serverOptions());
if (options.health === "full") {
  health.addToServer(server);
}

function obey(line) {
  const [command, name, word] = line.split(" ");
  if (command === "status") {
    health.setStatus(name === "-" ? "" : name, word);
  } else if (command === "graceful") {
    server.tryShutdown((error) => console.log(error ? `failed ${error}` : "stopped"));
  }
  console.log("done");
}

process.on("SIGTERM", () => {
  console.log("terminating");
  server.tryShutdown(() => process.exit(0));
});

server.bindAsync(options.listen, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
  console.log("ready");
});

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", obey);
lines.on("close", () => process.exit(0));

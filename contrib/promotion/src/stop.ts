// SPDX-License-Identifier: Apache-2.0

import { info, warn } from "./log";

const PATIENCE_MS = 10_000; // that calls in flight are given
const ARRIVING_MS = 100; // in which what was sent before the signal is taken in

// SIGTERM and SIGINT: `finish` ends what is in flight, then the process exits with 0.
export function stopGracefully(what: string, finish: () => Promise<unknown>): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) {
      return;
    }
    stopping = true;
    info(`${what} is stopping`);
    setTimeout(() => {
      warn(`${what}: calls are still in flight after ${PATIENCE_MS / 1000} s, leaving them`);
      process.exit(1);
    }, PATIENCE_MS).unref();
    await new Promise((resolve) => setTimeout(resolve, ARRIVING_MS));
    await finish();
    info(`${what} has stopped`);
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

// SPDX-License-Identifier: Apache-2.0

// One line a fact, on standard output, in the shape of the agent's own log.
function say(level: string, line: string): void {
  console.log(`${new Date().toISOString()} ${level.padEnd(5)} ${line}`);
}

export const info = (line: string): void => say("info", line);
export const warn = (line: string): void => say("warn", line);

// SPDX-License-Identifier: Apache-2.0

// What the controllers use of the framework's response.
export interface Response {
  setHeader(name: string, value: string): void;
}

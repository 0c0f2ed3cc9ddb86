// SPDX-License-Identifier: Apache-2.0

import * as path from "path";

const FOLDER = path.join(__dirname, "../../proto");

// The file of a package; both have the same name.
export function protoFile(name: string): string {
  return path.join(FOLDER, `${name}.proto`);
}

// How every message is read and written, on both sides.
export const LOADER = { enums: String, longs: Number, defaults: true, arrays: true };

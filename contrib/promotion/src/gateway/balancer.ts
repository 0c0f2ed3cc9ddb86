// SPDX-License-Identifier: Apache-2.0

// Smooth weighted round robin: each turn every candidate gains its weight, the one that has most is
// taken and pays what all gained together. Weights 3 and 1 give a a b a; equal ones a b a b.

export interface Weighted {
  weight: number;
  credit: number; // starts at 0; nobody else writes it
}

export function pick<T extends Weighted>(candidates: T[]): T | undefined {
  const idle = candidates.every((one) => one.weight === 0); // then all count alike
  let total = 0;
  let best: T | undefined;
  for (const one of candidates) {
    const weight = idle ? 1 : one.weight;
    total += weight;
    one.credit += weight;
    if ((idle || weight > 0) && (best === undefined || one.credit > best.credit)) {
      best = one;
    }
  }
  if (best !== undefined) {
    best.credit -= total;
  }
  return best;
}

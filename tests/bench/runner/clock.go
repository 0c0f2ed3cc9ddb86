// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand"
	"time"

	"golang.org/x/sys/unix"
)

// mono is CLOCK_MONOTONIC in ns: one clock for all processes of a machine, so stamps of different
// processes may be subtracted.
func mono() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// cpuClock is what another process has run, in ns, through its POSIX clock: /proc/PID/stat counts
// the same thing, but only in ticks of 10 ms.
func cpuClock(pid int) (int64, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32((^pid)<<3|2), &ts); err != nil {
		return 0, false
	}
	return ts.Nano(), true
}

func ms(ns int64) float64 { return float64(ns) / 1e6 }

// hurry shortens every pause: a short run only shows that the bench works.
var hurry = 1.0

// pause sleeps for something between two spans, so that nothing falls into step.
func pause(low, high int) {
	span := float64(low) + rand.Float64()*float64(high-low)
	time.Sleep(time.Duration(span * hurry * float64(time.Millisecond)))
}

func sleepMs(n int) { time.Sleep(time.Duration(n) * time.Millisecond) }

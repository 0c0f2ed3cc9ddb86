// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"sync"
)

// samples is what was measured: a line each, `peer figure unit sample`. What they come to is
// reckoned elsewhere (../figures.py).
type samples struct {
	mu   sync.Mutex
	file *os.File
}

func newSamples(path string) *samples {
	file, err := os.Create(path)
	must(err)
	fmt.Fprintln(file, "peer\tfigure\tunit\tsample")
	return &samples{file: file}
}

func (s *samples) add(peer, figure, unit string, values ...float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(values) == 0 {
		say("%s: WARNING: nothing measured of: %s", peer, figure)
	}
	for _, value := range values {
		_, err := fmt.Fprintf(s.file, "%s\t%s\t%s\t%.6g\n", peer, figure, unit, value)
		must(err)
	}
}

var startedAt = mono()

func say(form string, words ...interface{}) {
	fmt.Fprintf(os.Stderr, "[%6.1f s] %s\n", float64(mono()-startedAt)/1e9, fmt.Sprintf(form, words...))
}

func fail(form string, words ...interface{}) {
	fmt.Fprintf(os.Stderr, "bench: "+form+"\n", words...)
	killChildren()
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

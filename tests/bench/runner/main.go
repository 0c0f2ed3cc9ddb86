// SPDX-License-Identifier: Apache-2.0

// The runner of tests/bench/run: measures sidecars that do one job beside each other, and writes
// what it measured to FOLDER/samples.tsv. What the figures are is in ../README.md.
//
//	bench-runner one  [OPTIONS] PEER...    one service a peer, all peers at once or in turn
//	bench-runner many [OPTIONS] PEER...    many services in one process of each peer
//	bench-runner service OPTIONS           for its own use: the services
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type options struct {
	folder, peers string
	phases        map[string]bool
	starts        int
	flips         int
	kills         int
	warm          int
	window        int
	windows       int
	slice         int
	services      int
	rounds        int
}

func parse(mode string, words []string) (*options, []string) {
	var o options
	flags := flag.NewFlagSet(mode, flag.ExitOnError)
	flags.StringVar(&o.folder, "folder", "", "for samples, logs and etcd's data")
	flags.StringVar(&o.peers, "peers", "", "the folder of the peers' .conf")
	phases := flags.String("phases", "floor,start,flip,kill,steady", "which, of `one`")
	flags.IntVar(&o.starts, "starts", 60, "starts and ends a peer")
	flags.IntVar(&o.flips, "flips", 25, "flips a peer; of `many`: of single services")
	flags.IntVar(&o.kills, "kills", 15, "kills of the service a peer")
	flags.IntVar(&o.warm, "warm", 20, "seconds before what is measured at rest")
	flags.IntVar(&o.window, "window", 30, "seconds of a window at rest")
	flags.IntVar(&o.windows, "windows", 3, "windows")
	flags.IntVar(&o.slice, "slice", 10, "seconds in which payload is counted")
	flags.IntVar(&o.services, "services", 1000, "of `many`: how many")
	flags.IntVar(&o.rounds, "rounds", 3, "of `many`: flips of all services at once")
	flags.Float64Var(&hurry, "hurry", 1, "what every pause is multiplied by")
	must(flags.Parse(words))
	o.phases = map[string]bool{}
	for _, each := range strings.Split(*phases, ",") {
		o.phases[each] = true
	}
	var err error
	o.folder, err = filepath.Abs(o.folder)
	must(err)
	o.peers, err = filepath.Abs(o.peers)
	must(err)
	return &o, flags.Args()
}

func main() {
	rand.Seed(time.Now().UnixNano())
	endWithChildren()
	modes := map[string]func(*options, []string){"one": one, "many": many}
	switch {
	case len(os.Args) > 1 && os.Args[1] == "service":
		serviceMain(os.Args[2:])
	case len(os.Args) > 1 && modes[os.Args[1]] != nil:
		o, peers := parse(os.Args[1], os.Args[2:])
		modes[os.Args[1]](o, peers)
		say("done")
	default:
		fmt.Fprintln(os.Stderr, "usage: bench-runner one|many [OPTIONS] PEER...")
		os.Exit(2)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const ticksPerSecond = 100

type pstat struct {
	parent int
	ended  int64 // ticks that its ended children ran
}

func readStat(pid int) (pstat, bool) {
	text, err := ioutil.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return pstat{}, false
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	number := func(i int) int64 { n, _ := strconv.ParseInt(fields[i], 10, 64); return n }
	return pstat{int(number(1)), number(13) + number(14)}, true
}

// tree is a process and its living descendants.
func tree(root int) []int {
	children := map[int][]int{}
	entries, _ := ioutil.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, ok := readStat(pid); ok {
			children[stat.parent] = append(children[stat.parent], pid)
		}
	}
	found := []int{root}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

// cpuOf is what a tree has run, in seconds: the living by their clocks, the ended by the ticks of
// those who waited for them.
func cpuOf(root int) float64 {
	seconds := 0.0
	for _, pid := range tree(root) {
		stat, ok := readStat(pid)
		ns, living := cpuClock(pid)
		if ok && living {
			seconds += float64(ns)/1e9 + float64(stat.ended)/ticksPerSecond
		}
	}
	return seconds
}

type memory struct {
	rss, pss, uss      float64 // MiB
	processes, threads float64
}

// memoryOf is the sum over a tree.
func memoryOf(root int) memory {
	var m memory
	for _, pid := range tree(root) {
		text, err := ioutil.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		m.processes++
		if tasks, err := ioutil.ReadDir(fmt.Sprintf("/proc/%d/task", pid)); err == nil {
			m.threads += float64(len(tasks))
		}
		for _, line := range strings.Split(string(text), "\n") {
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			kib, _ := strconv.ParseFloat(fields[1], 64)
			switch fields[0] {
			case "Rss:":
				m.rss += kib / 1024
			case "Pss:":
				m.pss += kib / 1024
			case "Private_Clean:", "Private_Dirty:":
				m.uss += kib / 1024
			}
		}
	}
	return m
}

// What every program on the machine shares: Debian's libc6, and the loader.
var libc = regexp.MustCompile(`/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|anl|nss_\w+))\.so[^/]*$`)

// loaded are the files that a tree has mapped to execute: programs and libraries.
func loaded(root int) map[string]bool {
	files := map[string]bool{}
	for _, pid := range tree(root) {
		text, _ := ioutil.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
		for _, line := range strings.Split(string(text), "\n") {
			fields := strings.Fields(line)
			if len(fields) == 6 && strings.Contains(fields[1], "x") && fields[5][0] == '/' {
				files[fields[5]] = true
			}
		}
	}
	return files
}

// filesUnder are the files of some paths, each of which may be a folder; links are followed once.
func filesUnder(paths []string) map[string]bool {
	files := map[string]bool{}
	for _, path := range paths {
		path, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		filepath.Walk(path, func(each string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				files[each] = true
			}
			return nil
		})
	}
	return files
}

// megabytes is what files take, those of libc not counted unless asked for.
func megabytes(files map[string]bool, withLibc bool) float64 {
	sum := int64(0)
	for path := range files {
		if info, err := os.Stat(path); err == nil && (withLibc || !libc.MatchString(path)) {
			sum += info.Size()
		}
	}
	return float64(sum) / 1e6
}

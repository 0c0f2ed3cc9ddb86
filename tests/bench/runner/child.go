// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Children that we started, by pid; nothing else is ever signalled.
var (
	liveMu sync.Mutex
	live   = map[int]bool{}
)

type child struct {
	pid  int
	done chan struct{}
	end  int64 // mono() when it had ended; valid once done is closed
}

// start runs argv in a process group of its own and gives the stamp of just before. Its output
// goes to the end of a file.
func start(argv, env []string, output string) (*child, int64, error) {
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	file, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0644)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	began := mono()
	if err := command.Start(); err != nil {
		return nil, 0, err
	}
	c := &child{pid: command.Process.Pid, done: make(chan struct{})}
	liveMu.Lock()
	live[c.pid] = true
	liveMu.Unlock()
	go func() {
		command.Wait()
		c.end = mono()
		liveMu.Lock()
		delete(live, c.pid)
		liveMu.Unlock()
		close(c.done)
	}()
	return c, began, nil
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *child) signal(s syscall.Signal) {
	if !c.ended() {
		syscall.Kill(c.pid, s)
	}
}

// stop asks it to end, then kills the group that it was given, with what it left behind.
func (c *child) stop(patience time.Duration) {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(patience):
	}
	syscall.Kill(-c.pid, syscall.SIGKILL)
	<-c.done
}

func killChildren() {
	liveMu.Lock()
	defer liveMu.Unlock()
	for pid := range live {
		syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// endWithChildren has an interrupted run leave nothing behind.
func endWithChildren() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		killChildren()
		os.Exit(130)
	}()
}

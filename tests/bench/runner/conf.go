// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// conf is a file peers/NAME.conf, lines of `key = value`:
//
//	use        the name of a peer whose lines come first
//	{WORD}     replaces {WORD} in what follows; see words() in sidecar.go for those that are there
//	pre        run by /bin/sh before each start, not timed: writes a configuration
//	cmd        what is measured; run without a shell
//	files      its own files and folders, beside those that it loads
//	runtime    files and folders of the interpreter that it needs
//	many.pre   pre, for many services: {TARGETS} names a file of lines `name host port`
//	many.cmd   cmd, for many services; without it, the peer has only one
//
// ${VARIABLE} is of the environment.
type conf map[string]string

var variable = regexp.MustCompile(`\$\{\w+\}`)

func readConf(folder, name string) conf {
	file, err := os.Open(filepath.Join(folder, name+".conf"))
	must(err)
	defer file.Close()
	c := conf{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.SplitN(line, "=", 2)
		if len(words) != 2 {
			fail("%s.conf: no '=' in %q", name, line)
		}
		key, value := strings.TrimSpace(words[0]), strings.TrimSpace(words[1])
		if key == "use" {
			for base, its := range readConf(folder, value) {
				c[base] = its
			}
			continue
		}
		c[key] = value
	}
	return c
}

// expand replaces the words, first those of the peer itself, then the environment's.
func (c conf) expand(key string, words map[string]string) string {
	text := c[key]
	for word, value := range c {
		if word[0] == '{' {
			text = strings.ReplaceAll(text, word, value)
		}
	}
	for word, value := range words {
		text = strings.ReplaceAll(text, word, value)
	}
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		return os.Getenv(found[2 : len(found)-1])
	})
}

# SPDX-License-Identifier: Apache-2.0
"""What a shell offers for a line that begins with `svc-agent`, as somebody who presses Tab sees it.

Each function takes the file of completions, the words behind `svc-agent` (the last one is being
typed), and the folder to be in; it gives what is offered, folders without the slash at their end.
"""

import os
import pty
import select
import shutil
import subprocess
import tempfile
import time

SECONDS = 240

BASH = r"""
source "$1"
shift
COMP_WORDS=(svc-agent "$@")
COMP_CWORD=$#
_svc_agent
printf '%s\n' "${COMPREPLY[@]}"
"""

FISH = """
source $argv[1]
complete -C $argv[2]
"""

# compadd tells what it adds; \x02 and \x03 stand around what belongs to one Tab.
ZSH = r"""
PROMPT= PS2= RPROMPT=
unsetopt zle_bracketed_paste prompt_cr prompt_sp
fpath=(%s $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	local -a offered
	builtin compadd -A offered "$@"
	print -rl -- $offered
	builtin compadd "$@"
}
tell() { print -n "\x02\r\n"; zle complete-word-told; print -n "\x03\r\n"; zle kill-whole-line }
zle -C complete-word-told complete-word _main_complete
zle -N tell
bindkey '^I' tell
zstyle ':completion:*' list-max 0
LISTMAX=10000
cd %s
stty -echo
print -n "\x01"
"""


def settled(names):
    return {name.strip().rstrip("/") for name in names if name.strip()}


def bash(path, words, folder):
    ran = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", BASH, "bash", path, *words], cwd=folder,
        stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS,
    )
    return settled(ran.stdout.splitlines())


def fish(path, words, folder):
    with tempfile.TemporaryDirectory() as home:
        ran = subprocess.run(
            ["fish", "--no-config", "-c", FISH, path, " ".join(["svc-agent", *words])],
            cwd=folder, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS,
            env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home},
        )
    return settled(line.split("\t")[0] for line in ran.stdout.splitlines())


class Terminal:
    """The side of a terminal that a person is at."""

    def __init__(self, master):
        self.master, self.got = master, b""

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, mark):
        """What comes up to a byte."""
        until = time.monotonic() + SECONDS
        while mark not in self.got:
            if not select.select([self.master], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError(f"zsh said no {mark!r}, only {self.got!r}")
            self.got += os.read(self.master, 65536)
        before, self.got = self.got.split(mark, 1)
        return before.decode()


def zsh(path, words, folder):
    master, slave = pty.openpty()
    with tempfile.TemporaryDirectory() as functions:
        shutil.copy(path, os.path.join(functions, "_svc-agent"))
        child = subprocess.Popen(
            ["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "dumb", "ZDOTDIR": functions, "HOME": functions},
        )
        os.close(slave)
        terminal = Terminal(master)
        try:
            terminal.type(ZSH % (functions, folder))
            terminal.read_until(b"\x01")
            terminal.type(f"svc-agent {' '.join(words)}\t")
            terminal.read_until(b"\x02")
            return settled(terminal.read_until(b"\x03").splitlines())
        finally:
            child.kill()
            child.wait()
            os.close(master)


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}

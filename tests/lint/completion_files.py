# SPDX-License-Identifier: Apache-2.0
"""The completions of three shells, made of the tables of commands and options."""

HEADING = """# SPDX-License-Identifier: Apache-2.0
#
# Completes svc-agent's commands and options. Made by tests/lint/completions.py of the program's own
# tables: change those.
"""

RUN = "run"  # the command that runs when none is named; never typed


def words_of(option, known):
    """The words that an option takes, when there are just a few."""
    if option["name"] == "format":
        return next(key["words"] for key in known["keys"] if key["path"] == "discover.format")
    argument = option["argument"] or ""
    return argument.split("|") if argument.islower() and "|" in argument else []


def takes_files(option):
    return (option["argument"] or "").startswith("FILE")


def spellings(option):
    return ([f"-{option['letter']}"] if option["letter"] else []) + [f"--{option['name']}"]


def of_command(known, command):
    return [option for option in known["options"] if command in option["commands"]]


def names(known):
    return [command["name"] for command in known["commands"] if command["name"]]


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def sentence(text):
    """A description without what zsh would take for syntax."""
    return text.replace("[", "(").replace("]", ")")


# ---- bash ----------------------------------------------------------------------------------------

BASH = """
_svc_agent()
{{
	local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command='' i

	# --output=json comes as three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${{COMP_WORDS[COMP_CWORD - 2]}}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${{COMP_WORDS[i]}} in
		{valued}) ((i++)) ;;
		-*) ;;
		*)
			command=${{COMP_WORDS[i]}}
			break
			;;
		esac
	done

	COMPREPLY=()
	case $before in
{arguments}
	esac
	if [[ $word == -* ]]; then
		case $command in
{options}
		esac
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W '{commands}' -- "$word")
	fi
}}

complete -F _svc_agent svc-agent
"""


def bash_argument(option, known):
    words = words_of(option, known)
    if takes_files(option):
        body = ["compopt -o filenames 2>/dev/null",
                "mapfile -t COMPREPLY < <(compgen -d -- \"$word\"; "
                "compgen -f -X '!*.yaml' -- \"$word\")"]
    elif words:
        body = [f"mapfile -t COMPREPLY < <(compgen -W '{' '.join(words)}' -- \"$word\")"]
    else:
        body = []
    lines = "\n".join(f"\t\t{line}" for line in [*body, "return", ";;"])
    return f"\t{' | '.join(spellings(option))})\n{lines}"


def bash_options(known, command):
    spelt = " ".join(f"--{option['name']}" for option in of_command(known, command))
    return (f"\t\t{command or quoted('')})\n"
            f"\t\t\tmapfile -t COMPREPLY < <(compgen -W '{spelt}' -- \"$word\")\n\t\t\t;;")


def bash(known):
    valued = [option for option in known["options"] if option["argument"]]
    return HEADING + BASH.format(
        valued=" | ".join(name for option in valued for name in spellings(option)),
        arguments="\n".join(bash_argument(option, known) for option in valued),
        options="\n".join(bash_options(known, name) for name in [None, *names(known)]),
        commands=" ".join(names(known)),
    )


# ---- zsh -----------------------------------------------------------------------------------------

ZSH = """
_svc_agent_command() {{
	local -a commands
	commands=(
{commands}
	)
	_describe command commands
}}

_svc_agent() {{
	local command='' i
	local -a options

	for ((i = 2; i < CURRENT; i++)); do
		case $words[i] in
		({valued}) ((i++)) ;;
		(-*) ;;
		(*) command=$words[i]; break ;;
		esac
	done
	case $command in
{options}
	esac
	if [[ -z $command ]]; then
		options+=('1: :_svc_agent_command')
	fi
	_arguments -S $options '*: :'
}}

_svc_agent "$@"
"""


def zsh_option(option, known):
    if takes_files(option):
        argument = ":file:_files -g '*.yaml'"
    elif words_of(option, known):
        argument = f":word:({' '.join(words_of(option, known))})"
    elif option["argument"]:
        argument = f":{option['argument'].lower()}: "
    else:
        argument = ""
    spelt = spellings(option)
    many = "*" if takes_files(option) else f"({' '.join(spelt)})"
    rest = quoted(f"[{sentence(option['help'])}]{argument}")
    if len(spelt) > 1:
        return f"{quoted(many)}{{{','.join(spelt)}}}{rest}"
    return f"{quoted(many)}{spelt[0]}{rest}"


def zsh_options(known, command):
    lines = "\n".join(f"\t\t\t{zsh_option(o, known)}" for o in of_command(known, command))
    return f"\t({command or quoted('')})\n\t\toptions=(\n{lines}\n\t\t)\n\t\t;;"


def zsh(known):
    valued = [option for option in known["options"] if option["argument"]]
    return "#compdef svc-agent\n" + HEADING + ZSH.format(
        commands="\n".join(f"\t\t{quoted(c['name'] + ':' + sentence(c['help']))}"
                           for c in known["commands"] if c["name"]),
        valued="|".join(name for option in valued for name in spellings(option)),
        options="\n".join(zsh_options(known, name) for name in [None, *names(known)]),
    )


# ---- fish ----------------------------------------------------------------------------------------

FISH = """
# Whether the command on the line is one of these; "run" stands for none.
function __svc_agent_in
	set -l command run
	for word in (commandline -opc)[2..-1]
		if contains -- $word {commands}
			set command $word
			break
		end
	end
	contains -- $command $argv
end

function __svc_agent_files
	__fish_complete_path (commandline -ct) | string match -r '.*(?:\\.yaml|/)(?:\\t.*)?$'
end

complete -c svc-agent -f
{rows}
"""


def fish_option(option, known):
    commands = " ".join(name or RUN for name in option["commands"])
    letter = f" -s {option['letter']}" if option["letter"] else ""
    words = words_of(option, known)
    argument = " -x -a '(__svc_agent_files)'" if takes_files(option) else (
        f" -x -a '{' '.join(words)}'" if words else " -x" if option["argument"] else "")
    return (f"complete -c svc-agent -n '__svc_agent_in {commands}'{letter} -l {option['name']}"
            f"{argument} -d {quoted(option['help'])}")


def fish(known):
    rows = [f"complete -c svc-agent -n '__svc_agent_in {RUN}' -a {c['name']} -d {quoted(c['help'])}"
            for c in known["commands"] if c["name"]]
    rows += [fish_option(option, known) for option in known["options"]]
    return HEADING + FISH.format(commands=" ".join(names(known)), rows="\n".join(rows))


def make(known):
    """{shell: (name of the file, its text)}"""
    return {
        "bash": ("svc-agent.bash", bash(known)),
        "zsh": ("_svc-agent", zsh(known)),
        "fish": ("svc-agent.fish", fish(known)),
    }

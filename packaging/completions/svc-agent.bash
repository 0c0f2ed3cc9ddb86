# SPDX-License-Identifier: Apache-2.0
#
# Completes svc-agent's commands and options. Made by tests/lint/completions.py of the program's own
# tables: change those.

_svc_agent()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i

	# --output=json comes as three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config | -e | --endpoints | -p | --prefix | -f | --format | -o | --output | --admin | --ready-fd | --seccomp) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done

	COMPREPLY=()
	case $before in
	-c | --config)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.yaml' -- "$word")
		return
		;;
	-e | --endpoints)
		return
		;;
	-p | --prefix)
		return
		;;
	-f | --format)
		mapfile -t COMPREPLY < <(compgen -W 'services grpc-naming skydns go-zero kratos kitex' -- "$word")
		return
		;;
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$word")
		return
		;;
	--admin)
		return
		;;
	--ready-fd)
		return
		;;
	--seccomp)
		mapfile -t COMPREPLY < <(compgen -W 'on off kill' -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		case $command in
		'')
			mapfile -t COMPREPLY < <(compgen -W '--config --ready-fd --seccomp --help --version' -- "$word")
			;;
		check)
			mapfile -t COMPREPLY < <(compgen -W '--config --help --version' -- "$word")
			;;
		probe)
			mapfile -t COMPREPLY < <(compgen -W '--config --help --version' -- "$word")
			;;
		doctor)
			mapfile -t COMPREPLY < <(compgen -W '--config --output --help --version' -- "$word")
			;;
		list)
			mapfile -t COMPREPLY < <(compgen -W '--config --endpoints --prefix --format --output --help --version' -- "$word")
			;;
		watch)
			mapfile -t COMPREPLY < <(compgen -W '--config --endpoints --prefix --format --output --help --version' -- "$word")
			;;
		status)
			mapfile -t COMPREPLY < <(compgen -W '--config --output --admin --help --version' -- "$word")
			;;
		drain)
			mapfile -t COMPREPLY < <(compgen -W '--config --admin --wait --help --version' -- "$word")
			;;
		resume)
			mapfile -t COMPREPLY < <(compgen -W '--config --admin --help --version' -- "$word")
			;;
		esac
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'check probe doctor list watch status drain resume' -- "$word")
	fi
}

complete -F _svc_agent svc-agent

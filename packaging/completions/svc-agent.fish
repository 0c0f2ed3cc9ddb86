# SPDX-License-Identifier: Apache-2.0
#
# Completes svc-agent's commands and options. Made by tests/lint/completions.py of the program's own
# tables: change those.

# Whether the command on the line is one of these; "run" stands for none.
function __svc_agent_in
	set -l command run
	for word in (commandline -opc)[2..-1]
		if contains -- $word check probe doctor list watch status drain resume
			set command $word
			break
		end
	end
	contains -- $command $argv
end

function __svc_agent_files
	__fish_complete_path (commandline -ct) | string match -r '.*(?:\.yaml|/)(?:\t.*)?$'
end

complete -c svc-agent -f
complete -c svc-agent -n '__svc_agent_in run' -a check -d 'validate and print the effective descriptors'
complete -c svc-agent -n '__svc_agent_in run' -a probe -d 'probe once, say the reason and the time it took'
complete -c svc-agent -n '__svc_agent_in run' -a doctor -d 'walk the whole chain; say what is wrong and what to do'
complete -c svc-agent -n '__svc_agent_in run' -a list -d 'what is registered now'
complete -c svc-agent -n '__svc_agent_in run' -a watch -d 'what is registered now, then each change'
complete -c svc-agent -n '__svc_agent_in run' -a status -d 'how a running agent is'
complete -c svc-agent -n '__svc_agent_in run' -a drain -d 'withdraw what a running agent has registered'
complete -c svc-agent -n '__svc_agent_in run' -a resume -d 'end that'
complete -c svc-agent -n '__svc_agent_in run check probe doctor list watch status drain resume' -s c -l config -x -a '(__svc_agent_files)' -d 'a descriptor, or a folder of *.yaml; may be given several times'
complete -c svc-agent -n '__svc_agent_in list watch' -s e -l endpoints -x -d 'list, watch: members of etcd, instead of a descriptor'
complete -c svc-agent -n '__svc_agent_in list watch' -s p -l prefix -x -d 'list, watch: the first part of the keys'
complete -c svc-agent -n '__svc_agent_in list watch' -s f -l format -x -a 'services grpc-naming skydns go-zero kratos kitex' -d 'list, watch: how keys and values look'
complete -c svc-agent -n '__svc_agent_in doctor list watch status' -s o -l output -x -a 'table json' -d 'list, watch, status, doctor: for people, or as lines of JSON'
complete -c svc-agent -n '__svc_agent_in status drain resume' -l admin -x -d 'status, drain, resume: where the agent answers, as in admin.listen'
complete -c svc-agent -n '__svc_agent_in drain' -l wait -d 'drain: until etcd has confirmed it and shutdown.linger is over'
complete -c svc-agent -n '__svc_agent_in run' -l ready-fd -x -d 'open descriptor that gets a newline when the agent is up and running'
complete -c svc-agent -n '__svc_agent_in run' -l seccomp -x -a 'on off kill' -d 'whether system calls that the agent does not need fail, or end it'
complete -c svc-agent -n '__svc_agent_in run check probe doctor list watch status drain resume' -s h -l help -d 'print this and exit'
complete -c svc-agent -n '__svc_agent_in run check probe doctor list watch status drain resume' -s V -l version -d 'print the version and exit'

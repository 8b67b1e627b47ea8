# SPDX-License-Identifier: GPL-2.0
# Completion of bash for freehint and freehint-agent.

_freehint()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options="--help --usage --version"

	case $before in
	--qmp | --shm | --qemu | --metrics | --output | --pressure-file | --extension | --directory | -q | -m | -P)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--log-level | -l)
		mapfile -t COMPREPLY < <(compgen -W "error warn info debug" -- "$word")
		return
		;;
	--give-back | -b)
		mapfile -t COMPREPLY < <(compgen -W "off once always pressure" -- "$word")
		return
		;;
	esac
	# These letters name files in some commands only.
	case $command$before in
	doctor-[sQ] | map-[so] | dump-s | -*-s | enable-e | domain-xml-e)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	if [ "${COMP_WORDS[0]##*/}" = freehint-agent ]; then
		options="$options --qmp --shm --user --json --once --log-level --poll-us"
		options="$options --metrics --give-up --give-back --leave --pressure-file"
	elif [ "$COMP_CWORD" = 1 ]; then
		options="doctor enable disable domain-xml status top migrate give-back map dump --help --version"
	else
		case $command in
		doctor) options="$options --qemu --qmp --shm --user" ;;
		enable) options="$options --connect --builtin --extension" ;;
		disable) options="$options --connect" ;;
		domain-xml) options="$options --remove --agent --builtin --extension --domain --vmi" ;;
		status) options="$options --qmp --json" ;;
		top) options="$options --once --json --period --directory" ;;
		migrate) options="$options --qmp --bandwidth --downtime --quiet --no-hints" ;;
		give-back) options="$options --qmp --always --stop --order --leave --quiet" ;;
		map) options="$options --qmp --shm --given-back --output --cells" ;;
		dump) options="$options --shm" ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}

complete -F _freehint freehint freehint-agent

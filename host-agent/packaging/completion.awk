# SPDX-License-Identifier: GPL-2.0
#
# Makes the completion of a shell from completion.table:
#	awk -v shell=bash|zsh|fish -f completion.awk completion.table

BEGIN { FS = "\t" }

/^#/ || !NF { next }

# The three shells quote alike what is here: there is no quote in the table.
$1 == "command" || $1 == "program" {
	count++
	kind[count] = $1
	name[count] = $2
	text[count] = $3
	operand[count] = $4
	options[count] = 0
	next
}

{
	n = ++options[count]
	long[count, n] = $2
	short[count, n] = $3
	about[count, n] = $4
	takes[count, n] = $5
}

END {
	if (shell == "bash")
		bash()
	else if (shell == "zsh")
		zsh()
	else if (shell == "fish")
		fish()
	else
		exit 1
}

# --- bash

function bash_action(what)
{
	if (what == "file")
		return "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"
	if (what == "user")
		return "mapfile -t COMPREPLY < <(compgen -u -- \"$word\")"
	if (what == "domain")
		return "_freehint_domains"
	if (what ~ /^(number|text|uri|-)$/)
		return ":"
	return "mapfile -t COMPREPLY < <(compgen -W \"" what "\" -- \"$word\")"
}

# A domain's name is somebody else's words: compgen -W would expand them, and so execute them,
# and bash quotes the names of files, but not what looks like $(this) in them.
function bash_domains()
{
	print "# The word is here as it was typed. After an open quote a name is inserted as it is, so"
	print "# one that this quote does not protect is left out. Otherwise it is inserted quoted. Of"
	print "# several such names bash would insert half an escape: the empty one keeps it to a list."
	print "_freehint_domains()\n{"
	print "\tlocal name quoted typed=${word:1} bare= danger=\n"
	print "\tcase $word in"
	print "\t\\'*) danger=\\' ;;"
	print "\t\\\"*) danger='\"$`\\!' ;;"
	print "\t*) IFS= read -d '' typed < <(printf '%s\\0' \"$word\") && bare=yes ;;"
	print "\tesac"
	print "\twhile IFS= read -r name; do"
	print "\t\t[[ $name && $name == \"$typed\"* ]] || continue"
	print "\t\tprintf -v quoted %q \"$name\""
	print "\t\tif [[ $bare ]]; then"
	print "\t\t\tCOMPREPLY+=(\"$quoted\")"
	print "\t\t\t[[ $quoted = \"$name\" ]] || bare=quoted"
	print "\t\telif [[ ${name//[\"$danger\"]/} = \"$name\" ]]; then"
	print "\t\t\tCOMPREPLY+=(\"$name\")"
	print "\t\tfi"
	print "\tdone < <(virsh --quiet list --all --name 2>/dev/null)"
	print "\t[[ ${#COMPREPLY[@]} -lt 2 || $bare != quoted ]] || COMPREPLY+=('')"
	print "\tcompopt +o filenames"
	print "}\n"
}

function bash(    i, n, list, commands)
{
	print "# Completion of bash for freehint and freehint-agent; made from completion.table.\n"
	bash_domains()
	print "_freehint()\n{"
	print "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}"
	print "\tlocal command=${COMP_WORDS[1]} options=\"--help --usage --version\" operand=:\n"
	print "\tlocal IFS=$'\\n'\n\tCOMPREPLY=()"
	print "\t[ \"${COMP_WORDS[0]##*/}\" = freehint ] || command=${COMP_WORDS[0]##*/}"
	print "\t# Of --option=value bash makes three words."
	print "\tif [ \"$word\" = = ]; then\n\t\tword="
	print "\telif [ \"$before\" = = ]; then\n\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi"
	print "\tcase \"$command $before\" in"
	for (i = 1; i <= count; i++)
		for (n = 1; n <= options[i]; n++) {
			if (takes[i, n] == "-")
				continue
			list = "\"" name[i] " --" long[i, n] "\""
			if (short[i, n] != "-")
				list = list " | \"" name[i] " -" short[i, n] "\""
			print "\t" list ")\n\t\t" bash_words(takes[i, n]) "\n\t\treturn\n\t\t;;"
		}
	print "\tesac"
	print "\tcase $command in"
	for (i = 1; i <= count; i++) {
		if (kind[i] == "command")
			commands = commands " " name[i]
		list = ""
		for (n = 1; n <= options[i]; n++)
			list = list " --" long[i, n]
		print "\t" name[i] ") options=\"$options" list "\" operand=" operand[i] " ;;"
	}
	print "\tesac"
	print "\tif [ \"$COMP_CWORD\" = 1 ] && [ \"$command\" != freehint-agent ]; then"
	print "\t\toptions=\"" substr(commands, 2) " --help --version\""
	print "\telif [ \"${word:0:1}\" != - ]; then"
	print "\t\tcase $operand in"
	print "\t\tfile) " bash_action("file") " && return ;;"
	print "\t\tdomain) " bash_action("domain") " && return ;;"
	print "\t\tesac\n\tfi"
	print "\tmapfile -t COMPREPLY < <(compgen -W \"${options// /$IFS}\" -- \"$word\")"
	print "}\n\ncomplete -o filenames -F _freehint freehint freehint-agent"
}

function bash_words(what)
{
	if (what ~ / /)
		gsub(/ /, "\n", what)
	return bash_action(what)
}

# --- zsh

function zsh_action(what)
{
	if (what == "file")
		return "_files"
	if (what == "user")
		return "_users"
	if (what == "domain")
		return "_freehint_domains"
	if (what ~ /^(number|text|uri)$/)
		return " "
	return "(" what ")"
}

function zsh_option(i, n,    spec)
{
	spec = "[" about[i, n] "]"
	if (takes[i, n] != "-")
		spec = spec ":" long[i, n] ":" zsh_action(takes[i, n])
	if (short[i, n] == "-")
		return "'--" long[i, n] (takes[i, n] != "-" ? "=" : "") spec "'"
	return "'(-" short[i, n] " --" long[i, n] ")'{-" short[i, n] \
		(takes[i, n] != "-" ? "+" : "") ",--" long[i, n] (takes[i, n] != "-" ? "=" : "") \
		"}'" spec "'"
}

function zsh(    i, n)
{
	print "#compdef freehint freehint-agent"
	print "# Completion of zsh for freehint and freehint-agent; made from completion.table.\n"
	print "_freehint_domains()\n{"
	print "\tlocal -a domains=(${(f)\"$(virsh --quiet list --all --name 2>/dev/null)\"})"
	print "\tcompadd -a domains\n}\n"
	print "_freehint()\n{\n\tlocal command=$service"
	print "\tlocal -a commands=("
	for (i = 1; i <= count; i++)
		if (kind[i] == "command")
			print "\t\t'" name[i] ":" text[i] "'"
	print "\t)\n"
	print "\tif [[ $service = freehint ]]; then"
	print "\t\tif (( CURRENT == 2 )); then\n\t\t\t_describe command commands\n\t\t\treturn\n\t\tfi"
	print "\t\tcommand=$words[2]\n\t\tshift words\n\t\t(( CURRENT-- ))\n\tfi"
	print "\tcase $command in"
	for (i = 1; i <= count; i++) {
		print "\t" name[i] ")\n\t\t_arguments '--help[options]' '--usage[short help]' \\"
		for (n = 1; n <= options[i]; n++)
			print "\t\t\t" zsh_option(i, n) " \\"
		if (operand[i] == "-")
			print "\t\t\t'--version[version]'"
		else
			print "\t\t\t'--version[version]' ':operand:" zsh_action(operand[i]) "'"
		print "\t\t;;"
	}
	print "\tesac\n}\n\n_freehint \"$@\""
}

# --- fish

function fish_action(what)
{
	if (what == "file")
		return " -r -F"
	if (what == "user")
		return " -x -a '(__fish_complete_users)'"
	if (what == "-")
		return ""
	if (what ~ /^(number|text|uri)$/)
		return " -x"
	return " -x -a '" what "'"
}

function fish(    i, n, on)
{
	print "# Completion of fish for freehint and freehint-agent; made from completion.table.\n"
	print "complete -c freehint -f"
	for (i = 1; i <= count; i++) {
		on = "-c freehint -n '__fish_seen_subcommand_from " name[i] "'"
		if (kind[i] == "program")
			on = "-c " name[i]
		else
			print "complete -c freehint -n __fish_use_subcommand -a " name[i] " -d '" text[i] "'"
		for (n = 1; n <= options[i]; n++)
			print "complete " on " -l " long[i, n] (short[i, n] == "-" ? "" : " -s " short[i, n]) \
				fish_action(takes[i, n]) " -d '" about[i, n] "'"
		if (operand[i] == "file")
			print "complete " on " -F"
		if (operand[i] == "domain")
			print "complete " on " -a '(virsh --quiet list --all --name 2>/dev/null)'"
	}
}

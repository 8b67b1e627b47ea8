# SPDX-License-Identifier: GPL-2.0
#
# Sourced by a check that has a directory WORK: puts a virsh first into PATH that answers from files
# there, and takes an argument for an id, a UUID and a name, in this order. WORK/domains has lines
# "ID UUID NAME". WORK/UUID.info and WORK/UUID.xml is what it says of a domain, WORK/uri where
# libvirt is. WORK/asked is what it was asked. With WORK/mute it
# fails, and does not say why. With VIRSH_DEBUG it says more than was asked.
# shellcheck shell=bash

mkdir "$WORK/bin"
cat >"$WORK/bin/virsh" <<EOT
#!/bin/bash
[ "\$1" = --quiet ] && [ ! -e "$WORK/mute" ] || exit 1
[ "\$2" = --connect ] && set -- --quiet "\${@:4}"
echo "\$*" >>"$WORK/asked"
[ -z "\$VIRSH_DEBUG" ] || echo "\$2: command"
# uuid_of OPTION - as virsh has it
uuid_of()
{
	awk -v given="\${1#--domain=}" -v wanted=3 '
		{ name = \$0; sub(/^[^ ]* [^ ]* /, "", name) }
		\$1 == given && wanted > 0 { wanted = 0; uuid = \$2 }
		\$2 == given && wanted > 1 { wanted = 1; uuid = \$2 }
		name == given && wanted > 2 { wanted = 2; uuid = \$2 }
		END { if (uuid == "") exit 1; print uuid }' "$WORK/domains" ||
		{
			printf "error: no domain '%s'\nerror: try again\n" "\${1#--domain=}" >&2
			return 1
		}
}
case \$2 in
uri) cat "$WORK/uri" && echo ;;
list) [ "\$*" = "--quiet list --all --uuid --name" ] && cut -d ' ' -f 2- "$WORK/domains" ;;
domuuid) uuid_of "\$3" && echo ;;
dominfo) uuid=\$(uuid_of "\$3") && cat "$WORK/\$uuid.info" ;;
dumpxml) uuid=\$(uuid_of "\${!#}") && cat "$WORK/\$uuid.xml" ;;
define)
	cat "\$3" >"$WORK/new"
	uuid=\$(sed -n 's|.*<uuid>\(.*\)</uuid>.*|\1|p' "$WORK/new")
	mv "$WORK/new" "$WORK/\$uuid.xml" ;;
*) exit 1 ;;
esac
EOT
chmod +x "$WORK/bin/virsh"
export PATH=$WORK/bin:$PATH

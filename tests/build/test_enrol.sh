#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# freehint-dkms says which key to enrol when Secure Boot needs it, and nothing otherwise.
# mokutil is one of our own, and so is the directory of dkms.

. "$(dirname "$0")/sources.sh"

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
sed -e '/^#DEBHELPER#$/d' -e "s,/var/lib/,$WORK/,g" \
	host-agent/packaging/debian/freehint-dkms.postinst >"$WORK/postinst"
mkdir "$WORK/bin" "$WORK/dkms"
cat >"$WORK/bin/mokutil" <<EOT
#!/bin/sh
case \$1 in
--sb-state) cat "$WORK/state" ;;
--test-key) echo "\$2 is \$(cat "$WORK/key")"; exit 1 ;;
esac
EOT
chmod +x "$WORK/bin/mokutil"

# says STATE KEY ACTION - what is printed, "failed" if the script fails
says()
{
	echo "$1" >"$WORK/state"
	echo "$2" >"$WORK/key"
	PATH=$WORK/bin:$PATH sh "$WORK/postinst" "$3" 2>&1 || echo failed
}

expect "" "$(says 'SecureBoot enabled' 'not enrolled' configure)" "before dkms has a key"
touch "$WORK/dkms/mok.pub"
said=$(says 'SecureBoot enabled' 'not enrolled' configure)
grep -q "mokutil --import $WORK/dkms/mok.pub, reboot" <<<"$said" || { echo "$said"; exit 1; }
expect "" "$(says 'SecureBoot enabled' 'already enrolled' configure)" "with an enrolled key"
expect "" "$(says 'SecureBoot disabled' 'not enrolled' configure)" "without Secure Boot"
expect "" "$(says 'SecureBoot enabled' 'not enrolled' abort-upgrade)" "when nothing is installed"
rm "$WORK/bin/mokutil"
expect "" "$(PATH=$WORK/bin:/usr/bin:/bin sh "$WORK/postinst" configure 2>&1 || echo failed)" \
	"without mokutil"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A Debian system to boot: systemd, AppArmor, libvirt, QEMU, and a shell for the harness.
# Usage: image.sh SUITE CONTROL DEB; prints a directory with root.img, vmlinuz, initrd.img, and two
# directories of packages: "needs" has what DEB depends on, "backports" the libvirt of
# SUITE-backports. CONTROL is tests/vm/guest/init.c, compiled. Nothing in this image is of
# freehint. What is there is kept. Status 77: the archive is not to be had.

set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
INCLUDE=systemd-sysv,udev,dbus,libpam-systemd,linux-image-cloud-amd64,initramfs-tools,apparmor,\
libvirt-daemon-system,libvirt-clients,qemu-system-x86,qemu-utils,iproute2,openssh-server,\
openssh-client,netcat-openbsd,procps,kmod
SIZE=3G
NOT_HERE=77
# What a system that lives for minutes, and is slow, does without.
NO_TIMERS="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
fstrim.timer man-db.timer"

die()
{
	echo "image.sh: $2" >&2
	exit "$1"
}

# furnish DIRECTORY - a hook of mmdebstrap, as fetch below
furnish()
{
	local directory=$1

	install -m 755 "$CONTROL" "$directory/usr/local/sbin/control"
	cat >"$directory/etc/systemd/system/control.service" <<-END
		[Unit]
		Description=a shell for the harness
		[Service]
		ExecStart=/usr/local/sbin/control
		Restart=always
		[Install]
		WantedBy=basic.target
	END
	echo '/dev/vda / ext4 defaults 0 1' >"$directory/etc/fstab"
	echo 'kernel.printk = 3 4 1 3' >"$directory/etc/sysctl.d/quiet.conf"
	printf '127.0.0.1 localhost\n10.9.0.1 fh-one\n10.9.0.2 fh-two\n' >"$directory/etc/hosts"
	# shellcheck disable=SC2086 # names
	chroot "$directory" systemctl -q mask $NO_TIMERS
	chroot "$directory" systemctl -q enable control.service
	know_each_other "$directory"
}

# Both hosts are this image: root of one is root of the other.
know_each_other()
{
	local home=$1/root

	home=$home/.ssh
	install -d -m 700 "$home"
	ssh-keygen -q -t ed25519 -N '' -f "$home/id_ed25519"
	cp "$home/id_ed25519.pub" "$home/authorized_keys"
	sed 's/^/fh-one,fh-two /' "$1/etc/ssh/ssh_host_ed25519_key.pub" >"$home/known_hosts"
}

# download DIRECTORY INTO ARGUMENT... - what apt-get would install
download()
{
	local archives=$1/var/cache/apt/archives into=$2

	shift 2
	mkdir "$into"
	rm -f "$archives"/*.deb
	APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -y --download-only install "$@"
	find "$archives" -name '*.deb' -exec mv -t "$into" {} +
}

# Packages for an apt that has no network.
fetch()
{
	download "$1" "$NEW/needs" "$DEB"
	download "$1" "$NEW/backports" -t "$SUITE-backports" libvirt-daemon-system libvirt-clients
}

case $1 in
furnish | fetch)
	"$1" "$2"
	exit
	;;
esac

export SUITE=$1 CONTROL=$2 DEB=$3
[ "$(id -u)" = 0 ] || die 1 "an image with owners of files takes root"
# the name of CONTROL is the hash of its source
home=${OUT:-$ROOT/build}/debian/$SUITE-$( (cat "${BASH_SOURCE[0]}"; basename "$CONTROL") |
	sha256sum | cut -c 1-12)
mkdir -p "$(dirname "$home")"
exec 9>"$home.lock"
flock 9
if [ ! -e "$home" ]; then
	command -v mmdebstrap >/dev/null || die $NOT_HERE "no mmdebstrap; run tests/deps.sh debian"
	export NEW=$home.new
	rm -rf "$NEW"
	mkdir -p "$NEW"
	mmdebstrap --variant=minbase --include="$INCLUDE" \
		--setup-hook="sed -i 's/^deb \(.*\) $SUITE \(.*\)/&\ndeb \1 $SUITE-backports \2/' \
			\"\$1/etc/apt/sources.list\"" \
		--customize-hook="'${BASH_SOURCE[0]}' furnish \"\$1\"" \
		--customize-hook="'${BASH_SOURCE[0]}' fetch \"\$1\"" \
		"$SUITE" "$NEW/tree" >"$home.log" 2>&1 ||
		die $NOT_HERE "skipped: no $SUITE: $(tail -n 1 "$home.log")"
	cp "$NEW"/tree/boot/vmlinuz-* "$NEW/vmlinuz"
	cp "$NEW"/tree/boot/initrd.img-* "$NEW/initrd.img"
	mke2fs -q -t ext4 -d "$NEW/tree" "$NEW/root.img" "$SIZE"
	rm -rf "$NEW/tree"
	mv "$NEW" "$home"
fi >&2
echo "$home"

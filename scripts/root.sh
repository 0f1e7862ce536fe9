# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of the files sourced before
# The build root (sourced after lib.sh and apt.sh): a Debian folder with the packages that scripts/packages lists, or
# the machine itself where it has them all.

mapfile -t packages < <(sed 's/#.*//; /^$/d' "$project/scripts/packages")

host_has_all() {
	[[ $codename == "$suite" && -d /usr/src && -d /usr/lib/modules ]] || return 1
	(($(dpkg-query --show --showformat '${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | grep -cx installed) == ${#packages[@]}))
}

# A root is named by what is in it, so that another list of packages makes another root.
find_root() {
	if host_has_all; then
		root=/
	else
		root=$cache/root-$(printf '%s\n' "$suite" "${packages[@]}" | sha256sum | cut -c 1-8)
	fi
}

# What making a root needs of the machine: as root it is installed, a normal user is told the command.
need_host_tools() {
	local missing=() tool
	for tool in mmdebstrap $( ((EUID == 0)) || echo uidmap); do
		dpkg-query --show --showformat '${db:Status-Status}' "$tool" 2>/dev/null | grep -qx installed || missing+=("$tool")
	done
	if ((${#missing[@]} == 0)); then
		return
	elif ((EUID == 0)); then
		# A lagging mirror fails the update, and the install may do all the same.
		step "installing ${missing[*]} on this machine" "$cache/log/host-tools.log" \
			bash -c 'apt-get update; apt-get install --yes --no-install-recommends "$@"' - "${missing[@]}"
	else
		die "this needs ${missing[*]}; remedy: sudo apt-get install --yes ${missing[*]}"
	fi
}

# A user's namespace can be forbidden in three ways, each with a remedy of its own.
need_namespace() {
	local why user free range
	why=$("${namespace[@]}" true 2>&1) && return
	user=$(id -un)
	if ((EUID == 0)); then
		die "no private mount namespace ($why); remedy: run where mounting is allowed, e.g. docker run --privileged"
	elif ! command -v newuidmap >/dev/null; then
		die "this needs uidmap; remedy: sudo apt-get install --yes uidmap"
	elif ! grep -qE "^($user|$EUID):" /etc/subuid || ! grep -qE "^($user|$EUID):" /etc/subgid; then
		free=$(awk -F: '{ end = $2 + $3; if (end > free) free = end } END { print free < 100000 ? 100000 : free }' /etc/subuid /etc/subgid)
		range=$free-$((free + 65535))
		die "user $user has no range of user ids; remedy: sudo usermod --add-subuids $range --add-subgids $range $user"
	elif ! unshare --help | grep -q -- --map-auto; then
		die "unshare is too old for --map-auto; remedy: Debian 12 or newer, or run as root"
	else
		die "no user namespace ($why); remedy: sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=65536"
	fi
}

# Made beside and renamed into place: a root that is there is whole.
make_root() {
	local new=$root.new conf=$cache/apt.conf
	discard "$new"
	host_apt_conf >"$conf"
	sources "$suite" "$suite-updates" "$suite-security" >"$cache/root.list"
	step "build root, ${#packages[@]} packages" "$cache/log/root.log" \
		"${namespace[@]}" mmdebstrap --mode=root --variant=apt --architectures=amd64 --aptopt="$conf" \
		--aptopt='Apt::Install-Recommends "false"' --include="$(IFS=,; echo "${packages[*]}")" \
		"$suite" "$new" "$cache/root.list"
	mv "$new" "$root"
}

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of the files sourced before
# Debian's stock kernel (sourced after lib.sh, apt.sh and root.sh): its packages, all of one version, unpacked, with
# the Rust metadata that Debian does not ship. Removing $cache/kernels fetches the newest kernel again.
# With KERNEL=debug in the environment, the sanitizer kernel that is built from that one's source.

# Named by how it is made as well: another way of making it makes another.
digest() { cat "$@" | sha256sum | cut -c 1-8; }
recipe=$(digest "$project/scripts/rust-metadata.sh")
stock_kernel=$cache/kernels/$kernel_suite-$recipe

# Sets $kernel, the folder of the kernel that is asked for. The sanitizer kernel's is not known before the stock one is there.
find_kernel() {
	export KERNEL=${KERNEL:-stock}
	kernel=$stock_kernel
	case $KERNEL in
	stock) ;;
	debug)
		[[ -d $kernel ]] || return 0
		version=$(readlink "$kernel")
		version=${version%"-$flavour-$recipe"}
		kernel=$cache/kernels/$version-debug-$(digest "$project"/{scripts/debug-kernel.sh,qemu/guest.config,qemu/debug.config})
		;;
	*) die "no kernel KERNEL=$KERNEL; there are: stock, debug" ;;
	esac
}

need_space() {
	local free
	free=$(df --output=avail --block-size=1G "$cache" | tail -n 1)
	((free >= 6)) || die "$cache has $((free)) GB free, 6 are needed; remedy: make room, or set XDG_CACHE_HOME to a folder elsewhere"
}

# Prints "VERSION PACKAGE..." of the newest kernel that the archive has whole: it keeps several binaries of a series,
# but one source.
resolve_kernel() {
	apt-cache "${apt_options[@]}" dumpavail | awk -v flavour="$flavour" '
		/^Package: / { name = $2 }
		/^Version: / { has[name " " $2]; if (name ~ "^linux-binary-[0-9].*-" flavour "$") binary[name " " $2] }
		END {
			for (b in binary) {
				split(b, part, " "); version = part[2]; abi = part[1]
				sub("^linux-binary-", "", abi); sub("-" flavour "$", "", abi)
				series = abi; match(series, "^[0-9]+[.][0-9]+"); series = substr(series, 1, RLENGTH)
				n = split("linux-binary-A-F linux-base-A-F linux-modules-A-F linux-headers-A-F linux-headers-A-common " \
					"linux-kbuild-A linux-source-S", need, " ")
				line = version; whole = 1
				for (i = 1; i <= n; i++) {
					sub("-A", "-" abi, need[i]); sub("-F$", "-" flavour, need[i]); sub("-S$", "-" series, need[i])
					if (!((need[i] " " version) in has)) whole = 0
					line = line " " need[i]
				}
				if (whole) print line
			}
		}' | sort --version-sort | tail -n 1
}

make_kernel() {
	local version names new
	read -r version names < <(resolve_kernel) || die "no $flavour kernel in $kernel_suite has all its packages in one version; remedy: try again tomorrow, when the mirror is whole (lists: $view)"
	say "kernel: Debian $version $flavour$(grep -q "^$version " "$project/scripts/kernels" || echo ' (not yet in scripts/kernels, the list of those known good)')"
	mkdir -p "$cache/debs"
	# shellcheck disable=SC2086 # a list of names
	step "kernel packages" "$cache/log/kernel-download.log" \
		env --chdir="$cache/debs" apt-get "${apt_options[@]}" download ${names// /=$version }=$version

	new=$cache/kernels/$version-$flavour-$recipe.new
	discard "$new"
	mkdir -p "$new"
	step "kernel's Rust metadata" "$cache/log/kernel.log" "${namespace[@]}" "$project/scripts/inside.sh" "$root" "" "$cache" "$project" \
		scripts/rust-metadata.sh "$new" "$version"
	mv "$new" "${new%.new}"
	ln -sfn "$version-$flavour-$recipe" "$stock_kernel"
}

make_debug_kernel() {
	compgen -G "$cache/debs/linux-source-*_${version}_all.deb" >/dev/null || die "the source of kernel $version has gone from $cache/debs; remedy: remove $cache/kernels"
	discard "$kernel.new"
	mkdir -p "$kernel.new"
	step "sanitizer kernel" "$cache/log/debug-kernel.log" "${namespace[@]}" "$project/scripts/inside.sh" "$root" "" "$cache" "$project" \
		scripts/debug-kernel.sh "$kernel.new" "$version"
	mv "$kernel.new" "$kernel"
}

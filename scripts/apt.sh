# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # variables of the files sourced before
# Where packages come from (sourced after lib.sh): the archive, proxy and checks of the host's own apt configuration.

# An apt of our own beside the host's: its lists and downloads are in the cache, the host's are left alone.
view=$cache/apt
apt_options=(-o Dir::Etc::sourcelist="$view/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::State="$view" -o Dir::State::status=/dev/null -o Dir::Cache="$view/cache" -o APT::Sandbox::User=root
	-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Architecture=amd64 -o APT::Architectures::=amd64)

# host_archive SUFFIX: the address from which the host gets its Debian suite (SUFFIX empty) or e.g. its -security.
host_archive() {
	# shellcheck disable=SC2016 # apt's variables
	local uri format='$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)'
	# Where the host has no lists yet, ORIGIN stays as it is, and the suite's name must do.
	uri=$({ apt-get indextargets --format "$format"; apt-get indextargets --no-release-info --format "$format"; } |
		awk -F '|' -v suffix="$1" -v own="$codename$1" '
			$1 == "Debian" && (suffix == "" ? $2 !~ /-/ : $2 ~ suffix "$") || $1 ~ /ORIGIN/ && $2 == own && $3 == "main" {
				if (!found++) print $4
			}')
	# Cloud images name a file with a list of mirrors.
	if [[ $uri == mirror+file:* ]]; then
		uri=$(awk '{ print $1; exit }' "${uri#mirror+file:}")
	fi
	echo "$uri"
}

# sources SUITE...: sources.list lines. Security has an archive of its own.
sources() {
	local archive security suite keyring
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[[ -e $keyring ]] || die "no $keyring; remedy: apt-get install debian-archive-keyring"
	archive=$(host_archive '') security=$(host_archive -security)
	[[ $archive ]] || die "no Debian archive in this machine's apt configuration (apt-get indextargets); this needs Debian 12 or 13"
	for suite; do
		case $suite in
		*-security) [[ -z $security ]] || echo "deb [signed-by=$keyring] $security $suite main" ;;
		*) echo "deb [signed-by=$keyring] $archive $suite main" ;;
		esac
	done
}

# The host's proxies and checks, for the apt of the build root, as apt.conf lines.
host_apt_conf() {
	apt-config dump | grep -E '^Acquire::(https?::|Check-)' || true
	[[ -z ${expired:-} ]] || echo 'Acquire::Check-Valid-Until "false";'
}

# Fetches the lists. A mirror that lags hands out Release files past their date: their signatures still hold, so warn
# and go on.
update_lists() {
	local log=$cache/log/apt-update.log
	mkdir -p "$view"/{lists/partial,cache/archives/partial} "$cache/log"
	sources "$suite-updates" "$suite-security" "$kernel_suite" >"$view/sources.list"
	if ! apt-get "${apt_options[@]}" update >"$log" 2>&1 && grep -qE 'is expired|is not valid anymore' "$log"; then
		say "warning: the package mirror lags, its Release file is past its date; going on with signatures checked only:"
		grep -E 'is expired|is not valid anymore' "$log" >&2
		expired=yes
		apt_options+=(-o Acquire::Check-Valid-Until=false)
	fi
	step "package lists" "$log" apt-get "${apt_options[@]}" -o APT::Update::Error-Mode=any update
}

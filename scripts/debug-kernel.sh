#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the sanitizer kernel: from the same source as the stock kernel, with clang (Rust and KASAN together want it),
# allnoconfig, and the fragments qemu/{guest,debug}.config, each line of which must have come through.
# Runs in the build root. Usage: debug-kernel.sh FOLDER VERSION   (FOLDER is filled; the packages are in ../../debs)
set -euo pipefail
fragments=$(cd "${0%/*}/../qemu" && pwd)
cd "$1"
version=$2

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

say "unpacking the source"
dpkg-deb --extract ../../debs/linux-source-*_"$version"_all.deb package
mkdir source
tar --extract --xz --strip-components=1 --directory=source --file="$(echo package/usr/src/linux-source-*.tar.xz)"
rm -r package

# HOSTCC: or some programs of the host would be compiled with both.
make=(make -C source CC=clang HOSTCC=clang --jobs="$(nproc)")

say "configuring"
cat "$fragments"/{guest,debug}.config >source/asked.config
"${make[@]}" KCONFIG_ALLCONFIG=asked.config allnoconfig
lost=$(grep ^CONFIG_ source/asked.config | grep -vxFf source/.config || :)
[[ ! $lost ]] || die "the configuration has lost these lines: ${lost//$'\n'/, }; remedy: qemu/*.config, as the Kconfig files of $version want them"

say "compiling"
"${make[@]}" vmlinux modules

say "installing"
release=$(<source/include/config/kernel.release)
"${make[@]}" INSTALL_MOD_PATH="$PWD/usr" modules_install
strip -o "usr/lib/modules/$release/vmlinux" source/vmlinux

# What modules are built with: what the kernel's own packages have for that, and the metadata of its Rust crates.
headers=$PWD/usr/src/linux-headers-$release
"${make[@]}" run-command KBUILD_RUN_COMMAND="scripts/package/install-extmod-build $headers"
mkdir "$headers/rust"
cp source/rust/lib*.{rmeta,so} "$headers/rust/"
ln -sfn "/usr/src/linux-headers-$release" "usr/lib/modules/$release/build"
rm -r source

echo "$release" >release

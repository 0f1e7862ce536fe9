#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Unpacks the kernel's packages and adds what Debian's headers lack for building Rust modules: the kernel crates'
# metadata and macros, compiled anew from the same version's source with the packaged configuration.
# Runs in the build root. Usage: rust-metadata.sh FOLDER VERSION   (FOLDER is filled; the packages are in ../../debs)
set -euo pipefail
cd "$1"
version=$2
debs=../../debs

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
shopt -s nullglob

say "unpacking the packages"
for deb in "$debs"/linux-*_"$version"_*.deb; do
	dpkg-deb --extract "$deb" .
done
headers=$(echo usr/src/linux-headers-*-amd64)
common=$(echo usr/src/linux-headers-*-common)
release=${headers#usr/src/linux-headers-}
rm -r usr/share

# Where Debian links to /usr/lib/linux-kbuild-*, which a machine may not have and we could not mount over.
kbuild=$(cd usr/lib && echo linux-kbuild-*)
rm "usr/src/$kbuild"
mv "usr/lib/$kbuild" usr/src/
for folder in "$headers" "$common"; do
	ln -sfn "../$kbuild/scripts" "$folder/scripts"
	ln -sfn "../$kbuild/tools" "$folder/tools"
done

say "unpacking the source"
mkdir source
tar --extract --xz --strip-components=1 --directory=source --exclude='*/drivers/*.c' --exclude='*/drivers/gpu/*.h' \
	--file="$(echo usr/src/linux-source-*.tar.xz)"
rm usr/src/linux-source-*.tar.xz

say "compiling the kernel crates"
cp "$headers"/{.config,.kernelvariables} source/
make -C source olddefconfig
for line in CONFIG_RUST=y "$(grep ^CONFIG_RUSTC_VERSION= "$headers/.config")"; do
	grep -qx "$line" source/.config || die "the build root's Rust is not the one kernel $version was built with: $line is lost; remedy: update the build root (remove it from the cache)"
done
make -C source --jobs="$(nproc)" modules_prepare

# The names of the kernel's Rust functions carry a hash of compiler and crates: one that differs would not link.
symbol=$(grep -om1 '_R[A-Za-z0-9_]*call_printk\>' source/rust/exports_kernel_generated.h)
grep -qw "$symbol" "$headers/Module.symvers" ||
	die "the rebuilt Rust metadata does not match kernel $version: $symbol is not in $headers/Module.symvers; remedy: report this version, and choose one of scripts/kernels"

# QEMU can start an uncompressed kernel, which saves an emulated processor two seconds of each boot.
source/scripts/extract-vmlinux "usr/lib/modules/$release/vmlinuz" >"usr/lib/modules/$release/vmlinux"

say "adding the metadata to the headers"
rm -r source/rust/host
find source/rust \( -name '*.o' -o -name '.*.cmd' \) -delete
mv source/rust "$headers/"
[[ ! -e source/scripts/target.json ]] || mv source/scripts/target.json "usr/src/$kbuild/scripts/"
mv source/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch} "usr/src/$kbuild/scripts/" # for make lint
mv source/.clippy.toml source/.rustfmt.toml "$common/"
rm -r source

depmod --basedir "$PWD/usr" "$release"
echo "$release" >release

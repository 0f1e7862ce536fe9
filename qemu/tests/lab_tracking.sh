#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Experiments of qemu/experiments/: what connection tracking does, seen from around it. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

experiments conntrack idle notrack drop fragments

tested() { sed -n 's/^experiments //p' qemu/tests/lab_*.sh | tr ' ' '\n' | sort; }
check 'every experiment is in a test' same "$(basename -a -s .sh qemu/experiments/*.sh)" "$(tested)"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Experiments of qemu/experiments/: what NAT and user space do, seen from around it. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

experiments dnat snat queue nobody errno

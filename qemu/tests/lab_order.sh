#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Experiments of qemu/experiments/: who comes before whom. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

experiments filter order mark delay

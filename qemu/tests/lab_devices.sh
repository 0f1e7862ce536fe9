#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Experiments of qemu/experiments/: bridges, devices, namespaces, and probes in the paths of nf_path. Topology: lib.sh.
. qemu/lib.sh
. qemu/lab.sh

experiments bridge ingress namespaces path

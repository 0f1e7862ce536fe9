// SPDX-License-Identifier: GPL-2.0-only

//! Compiles the kernel's own zerocopy for the host: the crate that the modules are built with, and no
//! other is needed.

use std::{env, fs, path::Path, process::Command};

fn main() {
    let release = env::var("KERNEL_RELEASE").expect("run this by scripts/enter");
    let kernel = format!("/lib/modules/{release}/build/rust");
    let out = env::var("OUT_DIR").unwrap();
    let status = Command::new(env::var("RUSTC").unwrap())
        .args([
            "--edition=2021",
            "--cap-lints=allow",
            "-O",
            "--crate-type=rlib",
        ])
        .args(["--crate-name=zerocopy", "--out-dir", &out])
        .arg(format!("{kernel}/zerocopy/src/lib.rs"))
        .env("CARGO_PKG_VERSION", "0")
        .status();
    assert!(status.is_ok_and(|status| status.success()));
    let derive = "libzerocopy_derive.so";
    fs::copy(format!("{kernel}/{derive}"), Path::new(&out).join(derive)).unwrap();
    println!("cargo:rustc-link-search={out}");
    println!("cargo:rerun-if-changed={kernel}");
    println!("cargo:rerun-if-env-changed=KERNEL_RELEASE");
}

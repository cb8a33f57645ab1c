//! Asks the linker to say which function and which constant names which: with that the program is divided (dev-tools/split).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=--emit-relocs");
}

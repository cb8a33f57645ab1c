//! Asks the linker to say which function and which constant names which: with that the page's program is divided (dev-tools/split).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Tests are built for the machine that runs them, and its linker need not know how.
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo:rustc-link-arg-bins=--emit-relocs");
    }
}

//! Divides the program of a built page into what its first visit needs and the rest: `faaslab-split LIST`.
//!
//! The bundler calls it when it has built the page (`Trunk.toml`) and says by TRUNK_STAGING_DIR where. LIST has the names of the
//! functions that are called until the first run is shown, one a line; `./dev profile` writes it. A function that is called
//! although it is not in the list costs a wait for the rest, nothing else. With FAASLAB_MARK=1 in the environment the program is
//! not divided: it notes what is called instead.

mod divide;
mod mark;
mod memory;
mod program;
mod site;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use program::{Fault, Program};

fn main() -> Result<(), Fault> {
    let list = env::args().nth(1).ok_or("the list of functions is not named")?;
    let folder = env::var("TRUNK_STAGING_DIR")?;
    let site = site::Site::new(Path::new(&folder))?;
    let bytes = site.program()?;
    let program = Program::new(&bytes)?;
    if env::var_os("FAASLAB_MARK").is_some() {
        return site.write_marked(&mark::mark(&bytes)?, &program.names[program.imports.len()..]);
    }
    let list = fs::read_to_string(list)?;
    let list: BTreeSet<&str> = list.lines().collect();
    // What has no name was made by wasm-bindgen, for what the program's script calls.
    let keep = |function: u32| {
        let name = program.names[function as usize].as_str();
        name.is_empty() || list.contains(name)
    };
    let linked = program.linking.map(linked).transpose()?;
    let parts = divide::divide(&program, &keep, linked.as_deref())?;
    site.write_parts(&parts)?;
    println!(
        "{} of {} functions are in the first part, with {} stubs: {} kB and {} kB",
        parts.kept,
        program.functions.len(),
        parts.stubs,
        parts.first.len() / 1000,
        parts.rest.len() / 1000
    );
    Ok(())
}

/// The program as the linker wrote it, whatever the profile: the one with this table of symbols.
fn linked(linking: &[u8]) -> Result<Vec<u8>, Fault> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    for profile in fs::read_dir(target.join("wasm32-unknown-unknown"))? {
        if let Ok(bytes) = fs::read(profile?.path().join("faaslab-web.wasm"))
            && Program::new(&bytes)?.linking == Some(linking)
        {
            return Ok(bytes);
        }
    }
    Err("the program as it was linked is not found".into())
}
